/*
 * verdict.c - jansson's judgement on one record.
 *
 * Only the judgement is used, not the tree: jansson's numbers are rounded. Its messages are
 * not passed on, because they quote the text; each kind of error has a text of its own here.
 */
#include "common/verdict.h"

#include <jansson.h>
#include <mighost/plugin.h>
#include <string.h>

#include "common/jsonscan.h"

#define FLAGS (JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY)

static void set(struct verdict *v, const char *code, const char *reason)
{
    v->code = code;
    v->reason = reason;
}

static void translate(struct verdict *v, const json_error_t *error)
{
    v->at = error->position > 0 ? (size_t)error->position : 0;
    switch (json_error_code(error)) {
    case json_error_duplicate_key:
        set(v, "duplicate_field", "a field comes twice");
        break;
    case json_error_numeric_overflow:
        set(v, "bad_number", "a number is too large for any type");
        break;
    case json_error_stack_overflow:
        set(v, "too_deep", "values are nested more than 2048 deep");
        break;
    case json_error_invalid_utf8:
        set(v, "bad_utf8", "a byte is not valid UTF-8");
        break;
    case json_error_null_byte_in_key:
        set(v, "bad_field", "the name of a field holds a NUL character");
        break;
    case json_error_end_of_input_expected:
        set(v, "trailing_garbage", "something follows the end of the record");
        break;
    case json_error_premature_end_of_input:
        v->cut = 1;
        set(v, "bad_json", "the record ends too early");
        break;
    default:
        /* The beginning of a fixed text of jansson; what follows would be the value. */
        if (strncmp(error->text, "invalid Unicode", 15) == 0)
            set(v, "bad_unicode", "half of a surrogate pair stands alone");
        else
            set(v, "bad_json", "not valid JSON");
    }
}

/* Every value costs a byte of text at least, so most records need no count. */
static int too_many_values(const char *text, size_t len, size_t value_limit)
{
    struct jsonscan scan;
    size_t used;
    if (len <= value_limit)
        return 0;
    jsonscan_begin(&scan);
    jsonscan_feed(&scan, text, len, &used);
    return scan.nodes > value_limit;
}

int32_t verdict_find(const char *text, size_t len, size_t value_limit, struct verdict *out)
{
    *out = (struct verdict){0};
    if (!len) {
        set(out, "bad_json", "a record is missing between two commas");
        return MIG_OK;
    }
    if (too_many_values(text, len, value_limit)) {
        set(out, "too_many_values", "it holds more values than the option \"value_limit\" allows");
        return MIG_OK;
    }
    /* jansson passes over a NUL byte behind a number or literal. */
    if (memchr(text, '\0', len)) {
        set(out, "bad_json", "a byte is zero");
        return MIG_OK;
    }
    json_error_t error;
    json_t *json = json_loadb(text, len, FLAGS, &error);
    /* An integer over 64 bits: its digits are passed on as they are. */
    if (!json && json_error_code(&error) == json_error_numeric_overflow)
        json = json_loadb(text, len, FLAGS | JSON_DECODE_INT_AS_REAL, &error);
    if (!json && json_error_code(&error) == json_error_out_of_memory)
        return MIG_E_NOMEM;
    if (!json)
        translate(out, &error);
    else if (!json_is_object(json))
        set(out, "not_an_object", "it is no JSON object");
    json_decref(json);
    return MIG_OK;
}
