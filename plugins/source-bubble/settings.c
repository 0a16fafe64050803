/*
 * settings.c - from the options of a unit to what the rest works with. Options that a unit does not
 * have are as if they were not set.
 */
#include "settings.h"

#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "common/keep.h"
#include "common/option.h"
#include "common/say.h"

static int32_t no_memory(const struct settings *s)
{
    return say_fail(s->host, MIG_E_NOMEM, NULL, "no memory for options");
}

static int is_option(const mig_host_t *host, const char *name, const char *value)
{
    char *text = option_text(host, name);
    int is = text && strcmp(text, value) == 0;
    free(text);
    return is;
}

static int32_t read_url(struct settings *s, enum settings_api api)
{
    char *url = option_text(s->host, "url");
    int32_t status =
        url ? address_read(s, url, api != SETTINGS_BUBBLE, is_option(s->host, "allow_http", "true"))
            : say_fail(s->host, MIG_E_CONFIG, "give the option \"url\"",
                       "the source has no address");
    free(url);
    return status;
}

/* Live data has no path of its own; every other version has its name before the API's. */
static int32_t read_version(struct settings *s)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    char path[100];
    s->version = option_text(s->host, "version");
    if (!s->version)
        return no_memory(s);
    size_t n = strlen(s->version);
    if (!n || n > 60 || strspn(s->version, letters) != n)
        return say_fail(s->host, MIG_E_CONFIG, "live, version-test, or the id of a branch",
                        "option \"version\" is no name of a version");
    s->is_live = strcmp(s->version, "live") == 0;
    char *end = path;
    if (!s->is_live) {
        *end++ = '/';
        end = stpcpy(end, s->version);
    }
    stpcpy(end, "/api/1.1");
    return curl_url_set(s->base, CURLUPART_PATH, path, 0) == CURLUE_OK ? MIG_OK : no_memory(s);
}

/* ---- the rest --------------------------------------------------------------------------- */

static int32_t read_key(struct settings *s, int is_needed)
{
    s->key = option_text(s->host, "api_key");
    if ((!s->key || !*s->key) && !is_needed)
        return MIG_OK;
    if (!s->key || !*s->key)
        return say_fail(s->host, MIG_E_CONFIG,
                        "set the variable that \"api_key\" names; without a key many servers give "
                        "out fewer things and fields, and no error",
                        "option \"api_key\" is empty");
    for (const char *p = s->key; *p; p++)
        if (*p <= ' ' || *p == 0x7f)
            return say_fail(s->host, MIG_E_CONFIG, "it is one word, as Bubble shows it",
                            "option \"api_key\" holds a blank, a line break or a letter that no "
                            "key has");
    return MIG_OK;
}

/* A list of names of fields, or not set. */
static int32_t read_names(struct settings *s, const char *option, json_t **out)
{
    int32_t status;
    *out = keep_option_json(s->host, option, &status);
    size_t i;
    json_t *name;
    int wrong = *out && !json_is_array(*out);
    json_array_foreach(*out, i, name)
    {
        wrong |= !json_is_string(name);
    }
    return wrong ? say_fail(s->host, MIG_E_CONFIG, "write it as [\"Nickname\"]",
                            "option \"%s\" is no list of names", option)
                 : status;
}

static int32_t read_recording(struct settings *s)
{
    mig_recording_t r = {.size = sizeof r};
    s->record = option_text(s->host, "record");
    s->replay = option_text(s->host, "replay");
    s->seal_name = "";
    if (MIG_HAS(s->host, recording) && s->host->recording(s->host, &r) != MIG_OK)
        return MIG_E_BUG;
    s->seal_key = r.key;
    s->seal_name = r.key_name ? r.key_name : "";
    if (r.mode && (s->record || s->replay))
        return say_fail(s->host, MIG_E_CONFIG, "remove the option from the project",
                        "the options \"record\" and \"replay\" cannot be set where there is an "
                        "export directory");
    if (s->record && s->replay)
        return say_fail(s->host, MIG_E_CONFIG, "a recording is made or read",
                        "give one of the options \"record\" and \"replay\"");
    char **to = r.mode == MIG_RECORDING_READ ? &s->replay : &s->record;
    s->is_export = r.mode == MIG_RECORDING_KEEP;
    if (r.mode && !(*to = strdup(r.dir)))
        return no_memory(s);
    return read_names(s, "secret", &s->secret);
}

int32_t settings_read(struct settings *s, const mig_host_t *host, enum settings_api api)
{
    *s = (struct settings){.host = host};
    s->page_size = (uint32_t)option_number(host, "page_size", 0);
    s->parallel = api == SETTINGS_BUBBLE ? (uint32_t)option_number(host, "parallel", 0) : 1;
    s->timeout_ms = 1000 * (int64_t)option_number(host, "timeout", 0);
    s->retries = (int64_t)option_number(host, "retries", 0);
    s->wait_most_ms = 1000 * (int64_t)option_number(host, "retry_wait", 0);
    s->give_up_ms = 1000 * (int64_t)option_number(host, "give_up", 0);
    s->time_limit_ms = 1000 * (int64_t)option_number(host, "time_limit", 0);
    s->page_limit = option_number(host, "page_limit", 0);
    s->record_limit = option_number(host, "record_limit", 0);
    s->value_limit = option_number(host, "value_limit", 0);
    s->missing_is_null = is_option(host, "missing", "null");
    s->complete_urls = is_option(host, "file_urls", "https");
    s->allow_empty = is_option(host, "allow_empty", "true");
    s->ca_file = option_text(host, "ca_file");
    s->key_header = option_text(host, "key_header");
    int32_t status = read_url(s, api);
    if (status == MIG_OK && api == SETTINGS_BUBBLE)
        status = read_version(s);
    if (status == MIG_OK)
        status = read_recording(s);
    if (status == MIG_OK)
        status = read_key(s, api == SETTINGS_BUBBLE && !s->replay);
    return status == MIG_OK ? read_names(s, "may_be_unseen", &s->may_be_unseen) : status;
}

void settings_clear(struct settings *s)
{
    if (s->key)
        explicit_bzero(s->key, strlen(s->key));
    free(s->key);
    free(s->key_header);
    free(s->server);
    free(s->version);
    free(s->ca_file);
    free(s->record);
    free(s->replay);
    json_decref(s->secret);
    json_decref(s->may_be_unseen);
    curl_url_cleanup(s->base);
    *s = (struct settings){.host = s->host};
}
