/* projecturl.c - looks into the options of a source, for the one member that the host itself knows.
 * What else they mean is the unit's affair: options.c. */
#include "projecturl.h"

#include <string.h>

#include "jsonfile.h"

/* The options were read once already: there is no fault in them. */
static const struct jsonfile_node *parse(const struct project *p, const struct project_source *s)
{
    struct faults none = {0};
    struct jsonfile file;
    jsonfile_parse(&file, "", s->options, strlen(s->options), p->mem, &none);
    return file.root;
}

int projecturl_missing(const struct project *p, const struct project_source *s)
{
    const struct jsonfile_node *url = jsonfile_get(parse(p, s), "url");
    return !url || (url->kind == JSONFILE_STRING && !url->text[0]);
}

const char *projecturl_get(const struct project *p, const struct project_source *s)
{
    const struct jsonfile_node *url = jsonfile_get(parse(p, s), "url");
    return url && url->kind == JSONFILE_STRING && url->text[0] ? url->text : NULL;
}

void projecturl_set(struct project *p, struct project_source *s, const char *url)
{
    struct str text;
    str_init(&text, 0);
    str_printf(&text, "{\"url\":\"%s\"", url);
    for (const struct jsonfile_node *n = parse(p, s)->first; n; n = n->next)
        if (strcmp(n->key, "url") != 0)
            str_printf(&text, ",%.*s", (int)(n->raw + n->raw_len - n->place), n->place);
    str_add_char(&text, '}');
    s->options = arena_strdup(p->mem, text.data);
    str_clear(&text);
}
