/*
 * format.c - the transform "format": values put into a text, such as "STU-{1:6}".
 */
#include "template.h"
#include "transform.h"
#include "units.h"

struct format {
    const mig_host_t *host;
    struct template text;
};

static int32_t create(const mig_host_t *host, void **self)
{
    struct format *f = transform_new(host, sizeof *f);
    f->host = host;
    *self = f;
    return template_read(host, "text", &f->text);
}

static int32_t apply(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    const struct format *f = self;
    return template_fill(f->host, &f->text, in, n_in, out);
}

static const mig_option_t OPTIONS[] = {
    {"text", MIG_OPT_TEXT, MIG_OPTF_REQUIRED, NULL, NULL,
     "The text: {1} is the first value, {1:6} the same with zeros in front, {{ a brace."},
    TRANSFORM_NO_MORE_OPTIONS,
};

TRANSFORM_UNIT(format_unit, "format", "Puts values into a text.", OPTIONS, create,
               transform_destroy_nothing, apply);
