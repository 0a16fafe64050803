/* checklist.c - an item is done when it is checked and names who and when: a cross alone is soon
 * made. What stands below a heading that begins with "During" or "Deployment" comes with the run,
 * below "After" or "Post" behind it. */
#include "checklist.h"

#include <string.h>
#include <strings.h>

#include "digest.h"
#include "jsonfile.h"
#include "safefile.h"

#define FILE_MAX ((size_t)1 << 20)
#define MOST_ITEMS 1000

static void add(struct checklist *list, struct checklist_item item)
{
    if (list->n < MOST_ITEMS)
        list->items[list->n++] = item;
}

/* ---- Markdown --------------------------------------------------------------------------- */

/* "(name, 2026-01-31)" at the end: 1, with the text before it and what is in it. */
static int signature(const char *text, size_t n, size_t *length, const char **who,
                     size_t *who_length)
{
    if (n < 14 || text[n - 1] != ')')
        return 0;
    const char *date = text + n - 11; /* of ten characters, and the bracket */
    for (int i = 0; i < 10; i++)
        if (i == 4 || i == 7 ? date[i] != '-' : date[i] < '0' || date[i] > '9')
            return 0;
    const char *open = memrchr(text, '(', n);
    if (!open || open + 4 > date || strncmp(date - 2, ", ", 2) != 0)
        return 0;
    *who = open + 1;
    *who_length = (size_t)(text + n - 1 - *who);
    size_t left = (size_t)(open - text);
    for (; left && text[left - 1] == ' '; left--)
        ;
    if (left)
        *length = left;
    return left > 0;
}

static void read_item(struct checklist *list, struct arena *mem, const char *line, size_t n,
                      enum checklist_when when)
{
    size_t length = n, who_length = 0;
    const char *who = NULL;
    int checked = line[1] == 'x' || line[1] == 'X';
    for (line += 3, length = n -= 3; n && *line == ' '; line++)
        length = --n;
    int is_signed = checked && signature(line, n, &length, &who, &who_length);
    add(list,
        (struct checklist_item){arena_strndup(mem, line, length),
                                is_signed ? arena_strndup(mem, who, who_length) : NULL, when});
}

static enum checklist_when below(const char *heading)
{
    static const struct {
        const char *begins;
        enum checklist_when when;
    } words[] = {{"during", CHECKLIST_DURING},
                 {"deployment", CHECKLIST_DURING},
                 {"after", CHECKLIST_AFTER},
                 {"post", CHECKLIST_AFTER}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strncasecmp(heading, words[i].begins, strlen(words[i].begins)) == 0)
            return words[i].when;
    return CHECKLIST_BEFORE;
}

static void read_markdown(struct checklist *list, struct arena *mem, const char *text)
{
    enum checklist_when when = CHECKLIST_BEFORE;
    while (*text) {
        const char *end = strchr(text, '\n'), *next = end ? end + 1 : text + strlen(text);
        size_t n = (size_t)((end ? end : next) - text);
        for (; n && strchr(" \t\r", text[n - 1]); n--)
            ;
        for (; n && strchr(" \t", *text); n--)
            text++;
        if (n && *text == '#') {
            when = below(text + strspn(text, "# "));
        } else if (n > 6 && strchr("-*+", *text) && text[1] == ' ' && text[2] == '[' &&
                   strchr(" xX", text[3]) && text[4] == ']') {
            read_item(list, mem, text + 2, n - 2, when);
        }
        text = next;
    }
}

/* ---- JSON ------------------------------------------------------------------------------- */

static const char *text_of(const struct jsonfile_node *node)
{
    return node && node->kind == JSONFILE_STRING && node->text[0] ? node->text : NULL;
}

static void read_array(struct checklist *list, struct arena *mem, const struct jsonfile_node *array,
                       enum checklist_when when)
{
    for (const struct jsonfile_node *n = array ? array->first : NULL; n; n = n->next) {
        const char *by = text_of(jsonfile_get(n, "by")), *on = text_of(jsonfile_get(n, "on"));
        const struct jsonfile_node *done = jsonfile_get(n, "done");
        int is_done = done && done->kind == JSONFILE_BOOL && done->raw[0] == 't' && by && on;
        const char *text = n->kind == JSONFILE_STRING ? n->text : text_of(jsonfile_get(n, "text"));
        if (text)
            add(list, (struct checklist_item){
                          text, is_done ? arena_printf(mem, "%s, %s", by, on) : NULL, when});
    }
}

static int read_json(struct checklist *list, struct arena *mem, const char *path,
                     const struct str *text, struct error *err)
{
    struct jsonfile file;
    struct faults faults = {0};
    jsonfile_parse(&file, path, text->data, text->len, mem, &faults);
    if (faults.n)
        *err = faults.items[0];
    faults_clear(&faults);
    if (err->code)
        return err->code;
    if (file.root->kind == JSONFILE_ARRAY) {
        read_array(list, mem, file.root, CHECKLIST_BEFORE);
    } else {
        read_array(list, mem, jsonfile_get(file.root, "before"), CHECKLIST_BEFORE);
        read_array(list, mem, jsonfile_get(file.root, "during"), CHECKLIST_DURING);
        read_array(list, mem, jsonfile_get(file.root, "after"), CHECKLIST_AFTER);
    }
    return 0;
}

/* ---- the list --------------------------------------------------------------------------- */

int checklist_read(const char *path, struct arena *mem, struct checklist *out, struct error *err)
{
    struct str text;
    memset(out, 0, sizeof *out);
    out->items = arena_alloc(mem, MOST_ITEMS * sizeof *out->items);
    str_init(&text, FILE_MAX);
    int code = safefile_read(path, "checklist", SAFEFILE_TRUSTED, &text, NULL, err);
    const char *first = text.data + strspn(text.data, " \t\r\n");
    digest_text(text.data, out->sha256);
    if (!code && (*first == '{' || *first == '['))
        code = read_json(out, mem, path, &text, err);
    else if (!code)
        read_markdown(out, mem, text.data);
    str_clear(&text);
    if (code || out->n)
        return code ? err->code : 0;
    error_set(err, STATUS_CONFIG, "checklist %s has no item", path);
    error_fix(err, "write one a line: - [ ] backup strategy confirmed");
    return STATUS_CONFIG;
}

void checklist_take(struct checklist *list, const struct checklist *done)
{
    for (size_t i = 0; i < list->n; i++)
        for (size_t k = 0; k < done->n; k++)
            if (done->items[k].who && strcmp(list->items[i].text, done->items[k].text) == 0)
                list->items[i].who = done->items[k].who;
}

size_t checklist_open(const struct checklist *list)
{
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++)
        n += !list->items[i].who && list->items[i].when == CHECKLIST_BEFORE;
    return n;
}

void checklist_open_text(const struct checklist *list, int before, struct str *out)
{
    for (size_t i = 0; i < list->n; i++)
        if (!list->items[i].who && (list->items[i].when == CHECKLIST_BEFORE) == before)
            str_printf(out, "%s%s", out->len ? "; " : "", list->items[i].text);
}

void checklist_text(const struct checklist *list, struct str *out)
{
    static const char *const words[] = {"", "during: ", "after: "};
    for (size_t i = 0; i < list->n; i++) {
        const struct checklist_item *item = &list->items[i];
        str_printf(out, "[%c] %s%s%s%s%s\n", item->who ? 'x' : ' ', words[item->when], item->text,
                   item->who ? " (" : "", item->who ? item->who : "", item->who ? ")" : "");
    }
}
