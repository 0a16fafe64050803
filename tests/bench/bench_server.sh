# bench_server.sh - sourced by benchmarks of whole runs: a server of their own, set as all of them
# measure; fresh databases; readings. Not a benchmark itself.
#
# Gives what pgtmp.sh gives, and
#         here                   this folder
#         fail TEXT              ends with 1, and what the last command said
#         reading FIGURE VALUE   adds "ROUND,FIGURE,VALUE" to the file $readings
#         fresh DB TEMPLATE      a copy of a database, behind a CHECKPOINT
# PGTMP_OPTIONS are more options for the server.
: "${top_srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}"
PGTMP_OPTIONS="-c shared_buffers=2GB -c max_wal_size=8GB -c fsync=on -c wal_level=replica \
    -c autovacuum=off -c log_checkpoints=off ${PGTMP_OPTIONS-}"
unset MIGHOST_TEST_SOCKET
PGTMP_REAL=1
. "$top_srcdir/tests/fixtures/pgtmp.sh"

LC_ALL=C.UTF-8
export LC_ALL
here=$top_srcdir/tests/bench
readings=$TEST_DIR/readings
round=0
: >"$readings"

fail()
{
    echo "FAILED: $1"
    tail -n 20 "$TEST_DIR/out" "$TEST_DIR/err"
    exit 1
}

reading()
{
    echo "$round,$1,$2" >>"$readings"
}

fresh()
{
    psql_t postgres -c "DROP DATABASE IF EXISTS $1" -c "CREATE DATABASE $1 TEMPLATE $2" \
        -c CHECKPOINT 2>/dev/null
}
