-- bench_lms_table.sql - the readings of bench_lms.sh as two Markdown tables: the goals, with ratios
-- taken within a round and then their median, and the seconds of each case. Lines of round, figure
-- and value come from stdin; `records` is the size, `grow` the factor of the one grown run.
\pset footer off
CREATE TEMP TABLE reading (round int, figure text, value float8);
\copy reading FROM pstdin (FORMAT csv)

-- What a figure is: one reading over another of the same round, or a reading itself. Times are
-- seconds, so that "x as fast as" is the other's time over one's own.
CREATE TEMP TABLE goal (no serial, name text, above text, below text, must float8, aim float8);
INSERT INTO goal (name, above, below, must, aim) VALUES
    ('load against f_bare, x', 'f_bare.s', 'auto.load', 1.6, 1.9),
    ('load against f_bin, x', 'f_bin.s', 'auto.load', 0.80, 0.90),
    ('plan to publish against tuned SQL, x', 'tuned.s', 'auto.publish', 0.85, 1.1),
    ('plan to verify, every field, against tuned SQL, x', 'tuned.s', 'auto.verify', 0.75, 1.0),
    ('plan to verify against in place, x', 'in_place.s', 'auto.verify', 3.0, 4.5),
    ('plan to verify against Python in place, x', 'python.s', 'auto.verify', 8, 12),
    ('no DDL, plan to publish, against in place, x', 'in_place.s', 'keep.publish', 0.9, 1.1),
    ('load against pgcopydb, x', 'pgcopydb.s', 'auto.load', 0.9, 1.2),
    ('whole run of the grades against pgloader, x', 'pgloader.s', 'auto.s', 0.9, 1.3),
    ('whole LMS, verified, against f_bare of the grades, x', 'f_bare.s', 'whole.verify', 0.4, 0.6),
    ('client CPU per record, us', 'auto.us', NULL, 1.4, 0.8),
    ('peak RSS, MB', 'auto.mb', NULL, 32, 20),
    ('peak RSS of all processes together, MB', 'auto.all_mb', NULL, NULL, NULL),
    ('peak RSS of the grown run, MB', 'grown.mb', NULL, NULL, NULL),
    ('peak RSS of the grown run, all processes together, MB', 'grown.all_mb', NULL, NULL, NULL),
    ('peak RSS, growth of the grown run, MB', 'grown.more_mb', NULL, 2, 0.5),
    ('peak RSS, growth of all processes together, MB', 'grown.more_all_mb', NULL, NULL, NULL),
    ('time of the grown run / time, to verify', 'grown.times', NULL, NULL, NULL),
    ('time of the grown run / time, load', 'grown.times_load', NULL, NULL, NULL),
    ('time of the grown run / its factor, to verify', 'grown.slower', NULL, 1.1, 1.0),
    ('time of the grown run / its factor, load', 'grown.slower_load', NULL, 1.1, 1.0),
    ('rollback without its proof / run', 'undo.bare', 'auto.s', 0.5, 0.35),
    ('rollback with its proof / run', 'undo.s', 'auto.s', NULL, NULL),
    ('second run, nothing changed / first run', 'again.s', 'auto.s', 0.6, 0.3),
    ('--list-plugins with 20 plugins, ms', 'plugins.ms', NULL, 20, 10);

-- The grown run is one; it is compared with the median of the others.
INSERT INTO reading
SELECT 1, name, value FROM (
    SELECT max(value) FILTER (WHERE figure = 'grown.mb') AS mb,
           max(value) FILTER (WHERE figure = 'grown.all_mb') AS all_mb,
           max(value) FILTER (WHERE figure = 'grown.verify') AS verify,
           max(value) FILTER (WHERE figure = 'grown.load') AS load,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY value) FILTER (WHERE figure = 'auto.all_mb') AS all_mb_1,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY value) FILTER (WHERE figure = 'auto.mb') AS mb_1,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY value) FILTER (WHERE figure = 'auto.verify') AS verify_1,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY value) FILTER (WHERE figure = 'auto.load') AS load_1
      FROM reading) AS grown,
    LATERAL (VALUES ('grown.more_mb', mb - mb_1), ('grown.more_all_mb', all_mb - all_mb_1),
                    ('grown.times', verify / verify_1), ('grown.times_load', load / load_1),
                    ('grown.slower', verify / verify_1 / :grow),
                    ('grown.slower_load', load / load_1 / :grow)) AS figures (name, value)
 WHERE value IS NOT NULL;

CREATE FUNCTION pg_temp.said(value float8) RETURNS text LANGUAGE sql RETURN
    CASE WHEN abs(value) >= 100 THEN round(value::numeric, 0)
         WHEN abs(value) >= 10 THEN round(value::numeric, 1) ELSE round(value::numeric, 2) END;

\echo '| figure | must | aim | measured (min..max) | |'
\echo '|---|---|---|---|---|'
SELECT format('| %s | %s | %s | %s | %s |', name, coalesce(must::text, '-'), coalesce(aim::text, '-'),
              coalesce(pg_temp.said(middle) || ' (' || pg_temp.said(least) || '..' ||
                       pg_temp.said(most) || ')', 'not measured'),
              CASE WHEN must IS NULL OR middle IS NULL THEN ''
                   WHEN (middle - aim) * sign(must - aim) <= 0 THEN 'aim'
                   WHEN (middle - must) * sign(must - aim) <= 0 THEN 'must'
                   ELSE 'MISSED' END)
  FROM goal CROSS JOIN LATERAL (
      SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ratio) AS middle, min(ratio) AS least,
             max(ratio) AS most
        FROM (SELECT a.value / CASE WHEN below IS NULL THEN 1 ELSE b.value END AS ratio
                FROM reading a LEFT JOIN reading b ON b.round = a.round AND b.figure = below
               WHERE a.figure = above) AS ratios) AS measured
 ORDER BY no;

\echo
\echo '| seconds of | median (min..max) | 1,000 records/s |'
\echo '|---|---|---|'
SELECT format('| %s | %s (%s..%s) | %s |', figure, pg_temp.said(middle), pg_temp.said(least),
              pg_temp.said(most), CASE WHEN figure !~ '^(grown|undo|whole)' THEN
              pg_temp.said(:records / middle / 1000) END)
  FROM (SELECT figure, min(round) AS round, percentile_cont(0.5) WITHIN GROUP (ORDER BY value) AS middle,
               min(value) AS least, max(value) AS most, min(ctid) AS at
          FROM reading WHERE figure ~ '\.(s|load|publish|verify|bare)$' GROUP BY figure) AS cases
 ORDER BY at;
