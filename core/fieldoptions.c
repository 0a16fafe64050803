/* fieldoptions.c - the options of a unit as compact JSON: member order and digits as written,
 * variables replaced inside strings and encoded again, so that no value can add JSON of its own.
 * What they mean is the unit's affair (options.c); only names of secrets are known here. */
#include "fieldoptions.h"

#include <string.h>

#include "log.h"
#include "projectfiles.h"
#include "url.h"

/* What jsonfile_compact() calls for each string of an OPTIONS object. */
struct options_walk {
    struct fields *f;
    const struct fieldread *value;
    int failed;
};

static int ends_with(const char *text, const char *end)
{
    size_t n = text ? strlen(text) : 0, k = strlen(end);
    return n >= k && strcmp(text + n - k, end) == 0;
}

/* Is it a member of the options themselves, of a source, whose name ends in "url"? */
static int is_url(const struct options_walk *w, const struct jsonfile_node *node)
{
    return w->value->field->type == FIELD_CONNECTION && ends_with(node->key, "url") &&
           jsonfile_get(w->value->node, node->key) == node;
}

/* The flag that takes this string's place, or NULL. */
static const char *flag_for(const struct options_walk *w, const struct jsonfile_node *node)
{
    return w->f->source_url && is_url(w, node) && strcmp(node->key, "url") == 0 ? w->f->source_url
                                                                                : NULL;
}

/* In options of other units a member of such a name may be a column: then it is no variable. */
static int is_secret_member(const struct options_walk *w, const struct jsonfile_node *node)
{
    if (w->value->field->type == FIELD_ADDRESS)
        return ends_with(node->key, "url") || ends_with(node->key, "token");
    if (ends_with(node->key, "secret") && strstr(node->text, "${"))
        return 1;
    return w->value->field->type == FIELD_CONNECTION &&
           (ends_with(node->key, "password") || ends_with(node->key, "secret") ||
            ends_with(node->key, "token") || ends_with(node->key, "api_key"));
}

/* A key in the project file would go wherever that goes; URLs and passwords are often local ones.
 */
static void refuse_written_key(const struct options_walk *w, const struct jsonfile_node *node,
                               const struct fieldread *v)
{
    if (v->field->type == FIELD_CONNECTION && node->key && ends_with(node->key, "api_key") &&
        node->text[0] && !v->replaced.names)
        jsonfile_fault(w->f->file, node->raw, w->f->faults,
                       "put it into the environment or the env file and write \"${NAME}\" here",
                       "\"%s\" stands in the project file; a key comes from a variable", v->key);
}

static const char *replace_option(void *ctx, const struct jsonfile_node *node)
{
    struct options_walk *w = ctx;
    struct fieldread v = *w->value;
    int connection = v.field->type == FIELD_CONNECTION;
    const char *flag = flag_for(w, node);
    if (flag) {
        w->f->source_urls++;
        return flag;
    }
    if (node->key)
        v.key = arena_printf(w->f->mem, "%s.%s", v.key, node->key);
    const char *text = fieldread_replace(w->f, node, v.key, &v.replaced);
    v.node = node;
    if (!text) {
        w->failed = 1;
        return "";
    }
    refuse_written_key(w, node, &v);
    if (is_url(w, node))
        fieldread_check_url(w->f, &v, text, url_fault);
    if (connection)
        url_register_secrets(text);
    if (is_secret_member(w, node))
        log_secret(text);
    return text == node->text ? NULL : text;
}

static const char *mask_option(void *ctx, const struct jsonfile_node *node)
{
    struct options_walk *w = ctx;
    if (is_secret_member(w, node))
        return "***";
    const char *flag = flag_for(w, node);
    struct variables_text r = {.text = flag};
    if (!flag)
        r = variables_replace(w->f->variables, node->text);
    if (r.secret)
        return "***";
    if (!is_url(w, node) && !url_has_scheme(r.text))
        return r.text;
    struct str masked;
    str_init(&masked, 0);
    url_mask(&masked, r.text);
    const char *text = arena_strdup(w->f->mem, masked.data);
    str_clear(&masked);
    return text;
}

void fieldoptions_read(struct fields *f, struct fieldread *v, void *out)
{
    struct options_walk walk = {f, v, 0};
    struct str text;
    projectfiles_include(f, v->node, v->key);
    if (v->node->kind != JSONFILE_OBJECT) { /* the file holds something else */
        fieldread_misfit(f, v, jsonfile_kind_name(v->node));
        return;
    }
    str_init(&text, 0);
    jsonfile_compact(&text, v->node, replace_option, &walk);
    const char *json = arena_strdup(f->mem, text.data);
    memcpy((char *)out + v->field->offset, &json, sizeof json);
    str_reset(&text);
    if (!walk.failed) {
        jsonfile_compact(&text, v->node, mask_option, &walk);
        settings_add(f->settings, v->key, text.data, "project");
    }
    str_clear(&text);
}
