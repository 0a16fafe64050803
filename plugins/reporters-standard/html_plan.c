/*
 * html_plan.c - the stages of a run as a graph; drawn by plansvg.c, here is what the boxes say.
 */
#include <string.h>

#include "../common/plansvg.h"
#include "html.h"
#include "reporter.h"
#include "view.h"

struct picture {
    struct out *o;
    const json_t *stages;
};

static const json_t *stage_of(void *ctx, size_t i)
{
    const struct picture *x = ctx;
    return json_array_get(x->stages, i);
}

static const char *name(void *ctx, size_t i)
{
    return view_text(stage_of(ctx, i), "name");
}

static const char *need(void *ctx, size_t i, size_t k)
{
    return json_string_value(json_array_get(json_object_get(stage_of(ctx, i), "needs"), k));
}

static const char *tone(void *ctx, size_t i)
{
    const json_t *stage = stage_of(ctx, i);
    struct view_records n = {0};
    view_add_records(stage, &n);
    if (strcmp(view_text(stage, "status"), "complete") != 0)
        return "still";
    return n.read == n.migrated ? "good" : "warn";
}

static int is_off(void *ctx, size_t i)
{
    return strcmp(view_text(stage_of(ctx, i), "status"), "disabled") == 0;
}

/* What became of the records. */
static void said(void *ctx, size_t i)
{
    const json_t *stage = stage_of(ctx, i);
    struct out *o = ((struct picture *)ctx)->o;
    struct view_records n = {0};
    view_add_records(stage, &n);
    if (strcmp(view_text(stage, "status"), "complete") != 0) {
        out_escaped(o, view_text(stage, "status"));
        return;
    }
    html_count(o, n.read);
    out_text(o, " read");
    if (n.read == n.migrated)
        return;
    out_text(o, ", ");
    html_count(o, n.read - n.migrated);
    out_text(o, " left out");
}

static void markup(void *ctx, const char *text)
{
    out_text(((struct picture *)ctx)->o, text);
}

static void escaped(void *ctx, const char *text)
{
    out_escaped(((struct picture *)ctx)->o, text);
}

void html_plan(struct out *o, const json_t *root)
{
    const json_t *stages = json_object_get(root, "stages");
    size_t n = json_array_size(stages);
    html_section(o, "plan", "Plan");
    if (n == 0) {
        html_tag(o, "p", "The run has no stages.");
    } else if (n > PLANSVG_MOST) {
        out_format(o, "<p>%zu stages are too many for a picture.</p>\n", n);
    } else {
        struct picture x = {o, stages};
        const struct plansvg svg = {&x, n, name, need, tone, is_off, said, markup, escaped};
        plansvg_draw(&svg, o->host->alloc(o->host, plansvg_bytes()));
    }
    html_section_end(o);
}
