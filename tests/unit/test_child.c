/* test_child.c - output, exit status, environment, descriptors, user, time limit of children. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "log.h"

static struct str out, errors;

static int run_request(struct child_request *request)
{
    str_reset(&out);
    str_reset(&errors);
    request->out = &out;
    request->errors = &errors;
    return child_run(request);
}

static int run(const char *const *argv)
{
    struct child_request request = {.argv = argv, .out_fd = -1, .in_fd = -1};
    return run_request(&request);
}

static int shell(const char *script)
{
    return run((const char *const[]){"sh", "-c", script, NULL});
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void output_and_status_come_back(void)
{
    CU_ASSERT_EQUAL(shell("echo one; echo two >&2; exit 3"), 3);
    CU_ASSERT_STRING_EQUAL(out.data, "one\n");
    CU_ASSERT_STRING_EQUAL(errors.data, "two\n");
    CU_ASSERT_EQUAL(shell("kill -9 $$"), 128 + 9);
    CU_ASSERT_EQUAL(shell("printf a; sleep 0.1; printf b; exec >&- 2>&-; sleep 0.1; exit 4"), 4);
    CU_ASSERT_STRING_EQUAL(out.data, "ab");
}

static void arguments_are_not_read_by_a_shell(void)
{
    CU_ASSERT_EQUAL(run((const char *const[]){"printf", "%s", "$(id); `id` 'x' \"y\"", NULL}), 0);
    CU_ASSERT_STRING_EQUAL(out.data, "$(id); `id` 'x' \"y\"");
}

static void missing_programs_are_127(void)
{
    CU_ASSERT_EQUAL(run((const char *const[]){"no-such-program", NULL}), 127);
    CU_ASSERT_PTR_NOT_NULL(strstr(errors.data, "no-such-program: no such program"));
    CU_ASSERT_EQUAL(run((const char *const[]){"/etc/passwd", NULL}), 127);
    CU_ASSERT_EQUAL(run((const char *const[]){"/tmp", NULL}), 127);
    CU_ASSERT_EQUAL(child_exists("sh"), 1);
    CU_ASSERT_EQUAL(child_exists("/bin/sh"), 1);
    CU_ASSERT_EQUAL(child_exists("no-such-program"), 0);
    CU_ASSERT_EQUAL(child_exists("/etc/passwd"), 0);
}

static void failed_exec_says_why(void)
{
    char path[] = "/tmp/test_child.XXXXXX";
    int fd = mkstemp(path);
    CU_ASSERT_EQUAL_FATAL(write(fd, "#!/no/such/interpreter\n", 23), 23);
    fchmod(fd, 0700);
    close(fd);
    CU_ASSERT_EQUAL(run((const char *const[]){path, NULL}), 127);
    CU_ASSERT_PTR_NOT_NULL(strstr(errors.data, "cannot be started: No such file"));
    unlink(path);
    struct child_request request = {
        .argv = (const char *const[]){"sh", NULL}, .out_fd = -1, .in_fd = -1, .cwd = "/nowhere"};
    CU_ASSERT_EQUAL(run_request(&request), 127);
    CU_ASSERT_PTR_NOT_NULL(strstr(errors.data, "cannot enter its directory"));
}

static void relative_path_entries_choose_nothing(void)
{
    char dir[] = "/tmp/test_child.XXXXXX", path[64], keep[4096];
    snprintf(keep, sizeof keep, "%s", getenv("PATH"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/planted", dir);
    int fd = open(path, O_CREAT | O_WRONLY, 0755);
    close(fd);
    int cwd = open(".", O_DIRECTORY | O_RDONLY);
    CU_ASSERT_EQUAL_FATAL(chdir(dir), 0);
    setenv("PATH", "::.", 1);
    CU_ASSERT_EQUAL(child_exists("planted"), 0);
    setenv("PATH", dir, 1);
    CU_ASSERT_EQUAL(child_exists("planted"), 1);
    setenv("PATH", keep, 1);
    CU_ASSERT_EQUAL(fchdir(cwd), 0);
    close(cwd);
    unlink(path);
    rmdir(dir);
}

static void environment_is_minimal(void)
{
    setenv("MIGHOST_TEST_LEAK", "secret", 1);
    setenv("LD_PRELOAD_TEST", "x", 1);
    const char *const argv[] = {"env", NULL};
    char *env[] = {"PGPASSWORD=pw", "LANG=de_DE.UTF-8", NULL};
    struct child_request request = {.argv = argv, .env = env, .out_fd = -1, .in_fd = -1};
    CU_ASSERT_EQUAL(run_request(&request), 0);
    CU_ASSERT_PTR_NULL(strstr(out.data, "MIGHOST_TEST_LEAK"));
    CU_ASSERT_PTR_NULL(strstr(out.data, "LD_PRELOAD_TEST"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "PGPASSWORD=pw\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "LANG=de_DE.UTF-8\n"));
    CU_ASSERT_PTR_NULL(strstr(out.data, "LANG=C.UTF-8"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "PATH="));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "HOME="));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "TZ=UTC\n"));
    size_t lines = 0;
    for (const char *p = out.data; (p = strchr(p, '\n')); p++)
        lines++;
    CU_ASSERT_EQUAL(lines, 5);
    CU_ASSERT_EQUAL(run(argv), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "LANG=C.UTF-8\n"));
}

static void descriptors_are_closed(void)
{
    /* Neither close-on-exec nor not: all of ours are gone. */
    int loose = open("/dev/null", O_RDONLY), high = fcntl(loose, F_DUPFD, 200);
    CU_ASSERT_FATAL(loose > 2 && high >= 200);
    CU_ASSERT_EQUAL(run((const char *const[]){"ls", "/proc/self/fd", NULL}), 0);
    CU_ASSERT_STRING_EQUAL(out.data, "0\n1\n2\n3\n"); /* 3: of ls itself */
    close(loose);
    close(high);
}

static void standard_input_is_empty_or_given(void)
{
    CU_ASSERT_EQUAL(run((const char *const[]){"cat", NULL}), 0);
    CU_ASSERT_STRING_EQUAL(out.data, "");
    int ends[2];
    CU_ASSERT_EQUAL_FATAL(pipe2(ends, O_CLOEXEC), 0);
    CU_ASSERT_EQUAL(write(ends[1], "given", 5), 5);
    close(ends[1]);
    struct child_request request = {
        .argv = (const char *const[]){"cat", NULL}, .out_fd = -1, .in_fd = ends[0]};
    CU_ASSERT_EQUAL(run_request(&request), 0);
    CU_ASSERT_STRING_EQUAL(out.data, "given");
    close(ends[0]);
}

/* Our own 0 to 2 may be closed: the pipes then have those numbers. */
static void closed_standard_descriptors_do_no_harm(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        close(0);
        close(1);
        close(2);
        _exit(shell("echo one; echo two >&2") == 0 && strcmp(out.data, "one\n") == 0 &&
                      strcmp(errors.data, "two\n") == 0
                  ? 0
                  : 1);
    }
    int status = -1;
    CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
    CU_ASSERT_EQUAL(status, 0);
}

static void output_goes_to_a_descriptor(void)
{
    FILE *file = tmpfile();
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    struct child_request request = {
        .argv = (const char *const[]){"echo", "there", NULL}, .out_fd = fileno(file), .in_fd = -1};
    CU_ASSERT_EQUAL(run_request(&request), 0);
    CU_ASSERT_STRING_EQUAL(out.data, "");
    char text[16] = "";
    rewind(file);
    CU_ASSERT_PTR_NOT_NULL(fgets(text, sizeof text, file));
    CU_ASSERT_STRING_EQUAL(text, "there\n");
    fclose(file);
}

static void much_output_is_read_and_bounded(void)
{
    CU_ASSERT_EQUAL(shell("head -c 3000000 /dev/zero | tr '\\0' e >&2; "
                          "head -c 1000000 /dev/zero | tr '\\0' o"),
                    0);
    CU_ASSERT_EQUAL(errors.len, CHILD_ERRORS_MAX);
    CU_ASSERT_EQUAL(out.len, 1000000);
    CU_ASSERT_EQUAL(out.failed, 0);
    struct child_request request = {
        .argv = (const char *const[]){"sh", "-c", "echo x; echo y >&2; exit 5", NULL},
        .out_fd = -1,
        .in_fd = -1};
    CU_ASSERT_EQUAL(child_run(&request), 5);
}

static void secrets_are_masked(void)
{
    log_secret("hunter22");
    CU_ASSERT_EQUAL(shell("printf 'a\\000password hunter22 refused' >&2"), 0);
    CU_ASSERT_STRING_EQUAL(errors.data, "a?password *** refused");
    CU_ASSERT_EQUAL(errors.len, strlen(errors.data));
}

/* 'Z': gone, or dead and not yet reaped by init. */
static char state_of(pid_t pid)
{
    char path[64], state = 'Z';
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "r");
    if (!f)
        return 'Z';
    if (fscanf(f, "%*d %*s %c", &state) != 1)
        state = 'Z';
    fclose(f);
    return state;
}

static void time_limit_ends_the_whole_group(void)
{
    struct child_request request = {
        .argv = (const char *const[]){"sh", "-c", "sleep 60 & echo $!; wait", NULL},
        .out_fd = -1,
        .in_fd = -1,
        .timeout_seconds = 1};
    double begin = seconds();
    CU_ASSERT_EQUAL(run_request(&request), 128 + SIGTERM);
    CU_ASSERT(seconds() - begin < 30);
    CU_ASSERT_PTR_NOT_NULL(strstr(errors.data, "longer than allowed"));
    pid_t grandchild = (pid_t)strtol(out.data, NULL, 10);
    CU_ASSERT_FATAL(grandchild > 1);
    for (int i = 0; i < 200 && state_of(grandchild) != 'Z'; i++)
        usleep(50000);
    CU_ASSERT_EQUAL(state_of(grandchild), 'Z');
}

static void grandchild_is_not_waited_for(void)
{
    double begin = seconds();
    CU_ASSERT_EQUAL(shell("echo first; sleep 40 & exit 0"), 0);
    CU_ASSERT_STRING_EQUAL(out.data, "first\n");
    CU_ASSERT(seconds() - begin < 30);
}

static void on_alarm(int number)
{
    (void)number;
    child_stop();
}

static void stop_from_a_handler(void)
{
    struct sigaction act = {.sa_handler = on_alarm}, old;
    child_stop(); /* nothing runs: nothing happens */
    sigaction(SIGALRM, &act, &old);
    alarm(1);
    double begin = seconds();
    CU_ASSERT_EQUAL(shell("sleep 30"), 128 + SIGTERM);
    CU_ASSERT(seconds() - begin < 25);
    sigaction(SIGALRM, &old, NULL);
}

static void signals_start_as_usual(void)
{
    struct sigaction act = {.sa_handler = SIG_IGN}, old;
    sigset_t set, before;
    sigaction(SIGPIPE, &act, &old);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, &before);
    CU_ASSERT_EQUAL(
        run((const char *const[]){"grep", "-E", "Sig(Blk|Ign)", "/proc/self/status", NULL}), 0);
    /* Whoever was started by glibc's posix_spawn (make does so) ignores signals 32 and 33, which
     * are glibc's own: sigaction() may not change them. */
    const unsigned long long of_glibc = 3ULL << 31;
    unsigned long long blocked = 1, ignored = 1;
    CU_ASSERT_EQUAL(sscanf(out.data, "SigBlk: %llx SigIgn: %llx", &blocked, &ignored), 2);
    CU_ASSERT_EQUAL(blocked, 0);
    CU_ASSERT_EQUAL(ignored & ~of_glibc, 0);
    sigprocmask(SIG_SETMASK, &before, NULL);
    sigaction(SIGPIPE, &old, NULL);
}

static void program_ends_with_us(void)
{
    int ends[2];
    CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct child_request request = {
            .argv = (const char *const[]){"sh", "-c", "echo $$; exec sleep 30", NULL},
            .out_fd = ends[1],
            .in_fd = -1};
        child_run(&request);
        _exit(0);
    }
    close(ends[1]);
    char text[32] = "";
    CU_ASSERT(read(ends[0], text, sizeof text - 1) > 0);
    pid_t program = (pid_t)strtol(text, NULL, 10);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    /* The pipe ends when the program does. */
    double begin = seconds();
    CU_ASSERT_EQUAL(read(ends[0], text, sizeof text), 0);
    CU_ASSERT(seconds() - begin < 25);
    close(ends[0]);
    CU_ASSERT(program > 1);
}

static void another_user_has_nothing_of_ours(void)
{
    const struct passwd *pw = getpwnam("nobody");
    if (geteuid() != 0 || !pw) {
        printf(" (skipped: not root) ");
        return;
    }
    struct child_request request = {
        .argv = (const char *const[]){"sh", "-c", "id -u; id -G; pwd; echo $HOME; umask", NULL},
        .out_fd = -1,
        .in_fd = -1,
        .user = "nobody"};
    char expected[256];
    snprintf(expected, sizeof expected, "%u\n%u\n/\n%s\n0077\n", pw->pw_uid, pw->pw_gid,
             pw->pw_dir);
    CU_ASSERT_EQUAL(run_request(&request), 0);
    CU_ASSERT_STRING_EQUAL(out.data, expected);
    request.user = "no-such-user";
    CU_ASSERT_EQUAL(run_request(&request), 127);
    CU_ASSERT_PTR_NOT_NULL(strstr(errors.data, "no such user"));
}

static const struct unit_case cases[] = {
    {"output_and_status_come_back", output_and_status_come_back},
    {"arguments_are_not_read_by_a_shell", arguments_are_not_read_by_a_shell},
    {"missing_programs_are_127", missing_programs_are_127},
    {"failed_exec_says_why", failed_exec_says_why},
    {"relative_path_entries_choose_nothing", relative_path_entries_choose_nothing},
    {"environment_is_minimal", environment_is_minimal},
    {"descriptors_are_closed", descriptors_are_closed},
    {"standard_input_is_empty_or_given", standard_input_is_empty_or_given},
    {"closed_standard_descriptors_do_no_harm", closed_standard_descriptors_do_no_harm},
    {"output_goes_to_a_descriptor", output_goes_to_a_descriptor},
    {"much_output_is_read_and_bounded", much_output_is_read_and_bounded},
    {"secrets_are_masked", secrets_are_masked},
    {"time_limit_ends_the_whole_group", time_limit_ends_the_whole_group},
    {"grandchild_is_not_waited_for", grandchild_is_not_waited_for},
    {"stop_from_a_handler", stop_from_a_handler},
    {"signals_start_as_usual", signals_start_as_usual},
    {"program_ends_with_us", program_ends_with_us},
    {"another_user_has_nothing_of_ours", another_user_has_nothing_of_ours},
};

int main(int argc, char **argv)
{
    str_init(&out, 0);
    str_init(&errors, 0);
    int status = UNIT_MAIN("child", cases, argc, argv);
    str_clear(&out);
    str_clear(&errors);
    return status;
}
