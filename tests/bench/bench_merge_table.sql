-- bench_merge_table.sql - the readings of bench_merge.sh as two Markdown tables: the goals, with ratios
-- taken within a round and then their median, and the seconds of each case. Lines of round, figure and
-- value come from stdin.
\pset footer off
CREATE TEMP TABLE reading (round int, figure text, value float8);
\copy reading FROM pstdin (FORMAT csv)

-- One reading over another of the same round, or a reading itself; each at most.
CREATE TEMP TABLE goal (no serial, name text, above text, below text, must float8, aim float8);
INSERT INTO goal (name, above, below, must, aim) VALUES
    ('publish with its before-images / UPDATE and INSERT by hand', 'merge.publish_all', 'by_hand.both', 1.3, 1.2),
    ('live tables locked / UPDATE and INSERT by hand', 'merge.locked', 'by_hand.both', NULL, NULL),
    ('publish with its before-images / UPDATE alone by hand', 'merge.publish_all', 'by_hand.update', NULL, NULL),
    ('rollback without its proof / publish', 'undo.s', 'merge.publish_all', 1.2, NULL),
    ('preserved rows looked at, all together, s', 'preserve.looked', NULL, 10, NULL),
    ('of that under lock, s', 'preserve.lock', NULL, NULL, NULL),
    ('slowest write of the application / (lock time + lock_timeout)', 'live.slowest', 'live.bound', 1, NULL),
    ('writes of the application, all found again', 'live.writes', NULL, NULL, NULL),
    ('peak RSS, MB', 'merge.mb', NULL, NULL, NULL);

CREATE FUNCTION pg_temp.said(value float8) RETURNS text LANGUAGE sql RETURN
    CASE WHEN abs(value) >= 100 THEN round(value::numeric, 0)
         WHEN abs(value) >= 10 THEN round(value::numeric, 1) ELSE round(value::numeric, 2) END;

\echo '| figure | must | aim | measured (min..max) | |'
\echo '|---|---|---|---|---|'
SELECT format('| %s | %s | %s | %s | %s |', name, coalesce(must::text, '-'), coalesce(aim::text, '-'),
              coalesce(pg_temp.said(middle) || ' (' || pg_temp.said(least) || '..' ||
                       pg_temp.said(most) || ')', 'not measured'),
              CASE WHEN must IS NULL OR middle IS NULL THEN ''
                   WHEN middle <= aim THEN 'aim' WHEN middle <= must THEN 'must' ELSE 'MISSED' END)
  FROM goal CROSS JOIN LATERAL (
      SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ratio) AS middle, min(ratio) AS least,
             max(ratio) AS most
        FROM (SELECT a.value / CASE WHEN below IS NULL THEN 1 ELSE b.value END AS ratio
                FROM reading a LEFT JOIN reading b ON b.round = a.round AND b.figure = below
               WHERE a.figure = above) AS ratios) AS measured
 ORDER BY no;

\echo
\echo '| seconds of | median (min..max) |'
\echo '|---|---|'
SELECT format('| %s | %s (%s..%s) |', figure, pg_temp.said(middle), pg_temp.said(least), pg_temp.said(most))
  FROM (SELECT figure, percentile_cont(0.5) WITHIN GROUP (ORDER BY value) AS middle, min(value) AS least,
               max(value) AS most, min(ctid) AS at
          FROM reading WHERE figure !~ '[.](mb|writes)$' GROUP BY figure) AS cases
 ORDER BY at;
