/* plugin.cc - a plugin for mighost with one transform, "@NAME@". As it stands, it makes a word for
 * URLs from a text: "Hello, World 2" becomes "hello-world-2". No exception may leave a call: this
 * is built without them. <mighost/plugin.h> says what each call has to do. */
#include <mighost/plugin.h>

#include <new>

namespace
{

class Slug
{
  public:
    Slug(const mig_host_t *host, uint32_t max) : host_(host), max_(max)
    {
    }

    int32_t apply(const mig_value_t *in, uint32_t n_in, mig_value_t *out) const
    {
        if (n_in != 1)
            return host_->fail(host_, MIG_E_CONFIG, "@NAME@ takes one value",
                               "join several by the transform concat first");
        *out = *in;
        if (in->kind <= MIG_NULL)
            return MIG_OK;
        if (in->kind != MIG_TEXT)
            return host_->reject(host_, nullptr, "not_text", "only a text can become a slug");
        char *text = static_cast<char *>(host_->alloc(host_, max_)); // freed with the record
        const uint32_t n = write(*in, text);
        if (n == 0)
            return host_->reject(host_, nullptr, "empty_slug",
                                 "the text has no ASCII letter or digit");
        *out = mig_value_t{text, n, MIG_TEXT};
        return MIG_OK;
    }

  private:
    uint32_t write(const mig_value_t &in, char *out) const
    {
        uint32_t n = 0;
        bool gap = false;
        for (uint32_t i = 0; i < in.len && n < max_; i++) {
            const char c = in.data[i];
            const bool upper = c >= 'A' && c <= 'Z';
            if (!upper && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9')) {
                gap = n > 0;
                continue;
            }
            if (gap && n + 1 >= max_)
                break; // no room for the separator and a letter
            if (gap)
                out[n++] = '-';
            out[n++] = upper ? static_cast<char>(c - 'A' + 'a') : c;
            gap = false;
        }
        return n;
    }

    const mig_host_t *host_; // lives until destroy() has returned
    uint32_t max_;           // bytes
};

int32_t create(const mig_host_t *host, void **self)
{
    mig_value_t max;
    *self = nullptr;
    const int32_t rc = host->option(host, "max", &max);
    if (rc != MIG_OK)
        return rc;
    uint32_t n = 0;
    for (uint32_t i = 0; i < max.len; i++) // the host has checked type and range
        n = n * 10 + static_cast<uint32_t>(max.data[i] - '0');
    *self = new (std::nothrow) Slug(host, n);
    return *self ? MIG_OK : host->fail(host, MIG_E_NOMEM, "out of memory", nullptr);
}

void destroy(void *self)
{
    delete static_cast<Slug *>(self);
}

int32_t apply(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    return static_cast<const Slug *>(self)->apply(in, n_in, out);
}

const mig_option_t options[] = {
    {"max", MIG_OPT_INT, 0, "60", "1..200", "The greatest length in bytes."},
    {nullptr, 0, 0, nullptr, nullptr, nullptr}};

const mig_transform_ops_t ops = {sizeof ops, MIG_TRANSFORM_PURE, apply, nullptr, nullptr, nullptr,
                                 nullptr};

const mig_unit_t unit = {sizeof unit, MIG_TRANSFORM, "@NAME@", "Makes a word for URLs from a text.",
                         nullptr,     options,       create,   destroy,
                         &ops};

const mig_unit_t *const units[] = {&unit, nullptr};

} // namespace

extern "C" {
extern MIG_EXPORT const mig_plugin_t mighost_plugin;
const mig_plugin_t mighost_plugin = {MIG_MAGIC, MIG_ABI_MAJOR, MIG_ABI_MINOR, sizeof mighost_plugin,
                                     0,         "@ID@",        "1.0",         units};
}
