/* frame.c - the lines of the screen. Names come from elsewhere: what is not printable ASCII is
 * shown as '?', so that a character is a column. */
#include "frame.h"

#include <stdio.h>
#include <string.h>

#define WAIT_SHOWN 1.0 /* seconds; shorter waits are not worth a line */
#define BOLD "\033[1m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

struct page {
    const struct frame *f;
    size_t cols; /* that may be used */
    int rows;
    struct str *out;
};

const char *frame_count(uint64_t n, char out[32])
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
    char *to = out;
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
    return out;
}

const char *frame_time(double seconds, char out[32])
{
    long s = seconds < 0 ? 0 : seconds > 1e8 ? 100000000 : (long)(seconds + 0.5);
    if (s >= 3600)
        snprintf(out, 32, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(out, 32, "%ld:%02ld", s / 60, s % 60);
    return out;
}

/* ---- lines ----------------------------------------------------------------------------- */

static void line(const struct page *p, const char *text, const char *color)
{
    size_t n = strlen(text), most = n > p->cols ? p->cols : n;
    int colored = p->f->color && color[0];
    if (colored)
        str_add(p->out, color);
    for (size_t i = 0; i < most; i++) {
        unsigned char c = (unsigned char)text[i];
        int cut = n > most && i + 2 >= most && most > 10;
        str_add_char(p->out, cut ? '.' : c < 0x20 || c > 0x7e ? '?' : (char)c);
    }
    if (colored)
        str_add(p->out, PLAIN);
    str_add_char(p->out, '\n');
}

/* All steps, folded between words. Gives the number of lines; prints where `show` is set. */
static int steps(const struct page *p, int show)
{
    const struct frame *f = p->f;
    char text[512] = "", word[48];
    int lines = 0;
    for (size_t i = 0; i < f->n_steps; i++) {
        const char *mark = i < f->step ? "[x]" : i == f->step ? "[>]" : "[ ]";
        snprintf(word, sizeof word, "%s %s", mark, f->steps[i]);
        if (text[0] && strlen(text) + 2 + strlen(word) > p->cols) {
            lines++;
            if (show)
                line(p, text, "");
            text[0] = '\0';
        }
        size_t at = strlen(text);
        snprintf(text + at, sizeof text - at, "%s%s", at ? "  " : "", word);
    }
    if (text[0] && show)
        line(p, text, "");
    return lines + (text[0] != '\0');
}

static void title(const struct page *p)
{
    char text[300], time[32];
    const struct frame *f = p->f;
    snprintf(text, sizeof text, "%s%s%s, %s", f->title, f->step < f->n_steps ? ": " : "",
             f->step < f->n_steps ? f->steps[f->step] : "", frame_time(f->seconds, time));
    line(p, text, BOLD);
}

/* ---- the table ------------------------------------------------------------------------- */

enum column { READ, DONE, REJECTED, LEFT, RATE, OF, COLUMNS };

static const struct {
    const char *title;
    size_t width; /* with the blanks before it; in the order in which they get room */
} columns[COLUMNS] = {
    [READ] = {"read", 13}, [DONE] = {"done", 7},    [REJECTED] = {"rejected", 10},
    [LEFT] = {"left", 10}, [RATE] = {"rate/s", 11}, [OF] = {"of", 14},
};
static const enum column shown[COLUMNS] = {READ, OF, DONE, RATE, LEFT, REJECTED};

#define NAME_LEAST 8

static size_t name_width(const struct page *p)
{
    size_t most = NAME_LEAST;
    for (size_t i = 0; i < p->f->n_stages; i++) {
        size_t n = strlen(p->f->stages[i].name);
        most = n > most ? n : most;
    }
    return most;
}

/* The columns that there is room for behind the names, as bits; `name`: what is left for these. */
static unsigned fitting(const struct page *p, size_t *name)
{
    unsigned bits = 0;
    size_t wanted = name_width(p), room = p->cols > 2 + NAME_LEAST ? p->cols - 2 - NAME_LEAST : 0;
    for (int c = 0; c < COLUMNS && columns[c].width <= room; c++) {
        bits |= 1U << c;
        room -= columns[c].width;
    }
    *name = NAME_LEAST + room < wanted ? NAME_LEAST + room : wanted;
    return bits;
}

static void cell(const struct frame_stage *s, enum column c, char out[40])
{
    char text[32];
    int is_over = s->state == FRAME_DONE;
    out[0] = '\0';
    if (c == READ && s->state != FRAME_COMING)
        frame_count(s->read, out);
    else if (c == OF)
        snprintf(out, 40, "%s%s", s->total >= 0 && !s->exact ? "~" : "",
                 s->total >= 0 ? frame_count((uint64_t)s->total, text) : "?");
    else if (c == DONE && (is_over || (s->state == FRAME_NOW && s->parts >= 0)))
        snprintf(out, 40, "%lld %%", is_over ? 100LL : (long long)(s->parts / 10000));
    else if (c == RATE && s->rate > 0)
        frame_count((uint64_t)s->rate, out);
    else if (c == LEFT && s->state == FRAME_NOW)
        snprintf(out, 40, "%s", s->left >= 0 ? frame_time(s->left, text) : "unknown");
    else if (c == REJECTED && s->state != FRAME_COMING)
        frame_count(s->rejected, out);
}

static void row(const struct page *p, const struct frame_stage *s)
{
    char text[256], value[40];
    size_t name;
    unsigned bits = fitting(p, &name);
    const char *mark = !s ? " " : s->state == FRAME_DONE ? "x" : s->state == FRAME_NOW ? ">" : " ";
    int at =
        snprintf(text, sizeof text, "%s %-*.*s", mark, (int)name, (int)name, s ? s->name : "stage");
    for (int i = 0; i < COLUMNS; i++) {
        enum column c = shown[i];
        if (!(bits >> c & 1))
            continue;
        if (s)
            cell(s, c, value);
        at += snprintf(text + at, sizeof text - (size_t)at, "%*s", (int)columns[c].width,
                       s ? value : columns[c].title);
    }
    while (at > 0 && text[at - 1] == ' ')
        text[--at] = '\0';
    line(p, text, s && s->state == FRAME_NOW ? BOLD : "");
}

static void more(const struct page *p, size_t n, const char *which)
{
    char text[64];
    snprintf(text, sizeof text, "  ... %zu more %s", n, which);
    line(p, text, "");
}

/* The stages in `room` lines: around the current one where they are more. */
static void stages(const struct page *p, size_t room)
{
    const struct frame *f = p->f;
    size_t now = 0, first = 0;
    int found = 0;
    for (size_t i = 0; i < f->n_stages; i++) {
        if (f->stages[i].state == FRAME_NOW || (!found && f->stages[i].state == FRAME_DONE))
            now = i;
        found |= f->stages[i].state == FRAME_NOW;
    }
    if (f->n_stages <= room) {
        for (size_t i = 0; i < f->n_stages; i++)
            row(p, &f->stages[i]);
        return;
    }
    size_t inner = room > 3 ? room - 2 : room;
    first = now > inner / 2 ? now - inner / 2 : 0;
    first = first + inner > f->n_stages ? f->n_stages - inner : first;
    if (inner < room)
        more(p, first, "above");
    for (size_t i = first; i < first + inner; i++)
        row(p, &f->stages[i]);
    if (inner < room)
        more(p, f->n_stages - first - inner, "below");
}

/* ---- below it -------------------------------------------------------------------------- */

static uint64_t rejected(const struct frame *f)
{
    uint64_t n = 0;
    for (size_t i = 0; i < f->n_stages; i++)
        n += f->stages[i].rejected;
    return f->rejected > n ? f->rejected : n;
}

static void rejects(const struct page *p)
{
    char text[400], n[32];
    snprintf(text, sizeof text, "rejected so far %s%s%s", frame_count(rejected(p->f), n),
             p->f->cause[0] ? ", first: " : "", p->f->cause);
    line(p, text, YELLOW);
}

const char *frame_wait(const struct frame *f, char out[600])
{
    const struct waiting *w = &f->wait;
    char time[32], who[32] = "";
    out[0] = '\0';
    if (!w->kind || w->seconds < WAIT_SHOWN)
        return out;
    if (f->worker)
        snprintf(who, sizeof who, "worker %d ", f->worker);
    snprintf(out, 600, "%swaits %s for %s%s%s%s%s", who, frame_time(w->seconds, time),
             waiting_text(w->kind), w->what[0] ? ": " : "", w->what, w->said[0] ? ": " : "",
             w->said);
    return out;
}

void frame_render(const struct frame *f, int cols, int rows, struct str *out)
{
    struct page p = {f, cols > 1 ? (size_t)cols - 1 : 1, rows > 1 ? rows - 1 : 1, out};
    char wait[600];
    int is_waiting = frame_wait(f, wait)[0] != 0;
    int any_rejects = rejected(f) > 0;
    int head = steps(&p, 0), below = is_waiting + any_rejects;
    int with_steps = 1 + head + below <= p.rows;
    int room = p.rows - 1 - (with_steps ? head : 0) - below;
    int with_title = f->n_stages > 0 && room >= 3;
    title(&p);
    if (with_steps)
        steps(&p, 1);
    if (with_title)
        row(&p, NULL);
    if (f->n_stages && room - with_title > 0)
        stages(&p, (size_t)(room - with_title));
    if (any_rejects && p.rows > 1 + is_waiting)
        rejects(&p);
    if (is_waiting && p.rows > 1)
        line(&p, wait, YELLOW);
}
