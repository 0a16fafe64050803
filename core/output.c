/* output.c - results on stdout. Control characters are shown as str_control() says, except line
 * breaks and tabs: names and keys come from elsewhere and must not steer a terminal. [main] thread
 * only. */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "str.h"

static FILE *results;
static int failure;

static FILE *file(void)
{
    return results ? results : stdout;
}

void output_init(void)
{
    int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    FILE *own = fd < 0 ? NULL : fdopen(fd, "w");
    if (own && dup2(STDERR_FILENO, STDOUT_FILENO) == STDOUT_FILENO)
        results = own;
}

void output_text(const char *text)
{
    char shown[8];
    FILE *out = file();
    for (size_t n; *text; text += n) {
        n = str_control(text, shown);
        int is_bad = shown[0] && *text != '\n' && *text != '\t';
        if (is_bad ? fputs(shown, out) < 0 : fwrite(text, 1, n, out) != n)
            failure = errno;
    }
}

void output_line(const char *text)
{
    output_text(text);
    output_text("\n");
}

void output_format(const char *format, ...)
{
    struct str text;
    va_list ap;
    str_init(&text, 0);
    va_start(ap, format);
    str_vprintf(&text, format, ap);
    va_end(ap);
    output_text(text.data);
    str_clear(&text);
}

int output_is_terminal(void)
{
    return isatty(fileno(file()));
}

void output_flush(void)
{
    if (fflush(file()) != 0)
        failure = errno;
}

void output_over(int lines)
{
    if (lines > 0 && output_is_terminal())
        fprintf(file(), "\033[%dA\033[J", lines);
}

int output_columns(void)
{
    struct winsize size;
    return ioctl(fileno(file()), TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

int output_end(void)
{
    if (fflush(file()) != 0)
        failure = errno;
    return failure == EPIPE ? 0 : failure;
}
