/*
 * phone.cc - the transform "phone.plan": a telephone number as E.164 has it, told by the numbering
 * plans of libphonenumber.
 *
 * The contract is that of the transform "phone", which knows no plan: the same outcomes, codes and
 * names of repairs, so that a project may go from one to the other. What differs: a number that no
 * plan of its country has is none. An extension makes it none here, too: E.164 has no room for it,
 * and dropping it would be silent.
 *
 * No exception leaves this file. The library is one object for the whole process, safe in threads.
 */
#include <mighost/plugin.h>
#include <phonenumbers/logger.h>
#include <phonenumbers/phonenumber.pb.h>
#include <phonenumbers/phonenumberutil.h>

#include <cstring>
#include <exception>
#include <new>
#include <string>

using i18n::phonenumbers::NullLogger;
using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

namespace
{

/* Longer texts are no numbers; the library takes 250 letters at most. */
const uint32_t LONGEST = 250;

struct phone {
    const mig_host_t *host;
    const PhoneNumberUtil *plans;
    std::string region; /* "GB"; "ZZ" for none */
    bool null_on_bad;
};

std::string option(const mig_host_t *host, const char *name)
{
    mig_value_t v = {nullptr, 0, MIG_ABSENT};
    host->option(host, name, &v);
    return v.kind > MIG_NULL ? std::string(v.data, v.len) : std::string();
}

/* Of a calling code in digits or a region in two letters; empty where there is no such country. */
std::string region_of(const PhoneNumberUtil &plans, const std::string &country)
{
    if (country.empty())
        return "ZZ";
    if (country.find_first_not_of("0123456789") == std::string::npos && country.size() <= 3) {
        std::string region;
        plans.GetRegionCodeForCountryCode(std::stoi(country), &region);
        return region == "ZZ" ? "" : region;
    }
    return plans.GetCountryCodeForRegion(country) ? country : "";
}

bool is_blank(const mig_value_t &in)
{
    return std::string(in.data, in.len).find_first_not_of(" \t\r\n") == std::string::npos;
}

int32_t no_number(const phone &p)
{
    if (!p.null_on_bad)
        return p.host->reject(p.host, nullptr, "bad_phone", "this is no telephone number");
    p.host->repaired(p.host, nullptr, "bad_phone_to_null");
    return MIG_OK;
}

/* Was the country taken from the option, as the text names none? */
bool is_assumed(const PhoneNumber &number)
{
    return number.country_code_source() == PhoneNumber::FROM_DEFAULT_COUNTRY;
}

int32_t convert(const phone &p, const mig_value_t &in, mig_value_t *out)
{
    *out = mig_value_t{nullptr, 0, MIG_NULL};
    if (is_blank(in))
        return MIG_OK;
    PhoneNumber number;
    if (in.len > LONGEST ||
        p.plans->ParseAndKeepRawInput(std::string(in.data, in.len), p.region, &number) !=
            PhoneNumberUtil::NO_PARSING_ERROR ||
        number.has_extension() || !p.plans->IsValidNumber(number))
        return no_number(p);
    if (is_assumed(number))
        p.host->repaired(p.host, nullptr, "phone_country_assumed");
    std::string text;
    p.plans->Format(number, PhoneNumberUtil::E164, &text);
    char *copy = static_cast<char *>(p.host->alloc(p.host, text.size() + 1));
    std::memcpy(copy, text.c_str(), text.size() + 1);
    *out = mig_value_t{copy, static_cast<uint32_t>(text.size()), MIG_TEXT};
    return MIG_OK;
}

int32_t apply(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    const phone &p = *static_cast<const phone *>(self);
    if (n_in != 1)
        return p.host->fail(p.host, MIG_E_CONFIG, "takes one value, but the mapping gives it more",
                            "put a transform that joins them before it, such as \"concat\"");
    if (in->kind == MIG_ABSENT || in->kind == MIG_NULL) {
        *out = *in;
        return MIG_OK;
    }
    if (in->kind != MIG_TEXT && in->kind != MIG_NUMBER)
        return p.host->reject(p.host, nullptr, "bad_type",
                              "neither a text nor a number stands where a telephone number is due");
    try {
        return convert(p, *in, out);
    } catch (const std::bad_alloc &) {
        return p.host->fail(p.host, MIG_E_NOMEM, "out of memory", nullptr);
    } catch (...) {
        return p.host->fail(p.host, MIG_E_BUG, "libphonenumber threw an exception", nullptr);
    }
}

/* stdout, where the library would log, is for results. */
const PhoneNumberUtil *quiet_plans()
{
    PhoneNumberUtil *plans = PhoneNumberUtil::GetInstance();
    static const bool quiet = (plans->SetLogger(new NullLogger), true);
    return quiet ? plans : nullptr;
}

int32_t make(const mig_host_t *host, void **self)
{
    const PhoneNumberUtil *plans = quiet_plans();
    const std::string region = region_of(*plans, option(host, "country"));
    if (region.empty())
        return host->fail(host, MIG_E_CONFIG, "\"country\" is no country with a numbering plan",
                          "give its calling code without +, such as 44, or two letters, such as "
                          "GB");
    *self = new phone{host, plans, region, option(host, "on_bad") == "null"};
    return MIG_OK;
}

int32_t create(const mig_host_t *host, void **self)
{
    try {
        return make(host, self);
    } catch (const std::bad_alloc &) {
        return host->fail(host, MIG_E_NOMEM, "out of memory", nullptr);
    } catch (...) {
        return host->fail(host, MIG_E_BUG, "libphonenumber threw an exception", nullptr);
    }
}

void destroy(void *self)
{
    delete static_cast<phone *>(self);
}

const mig_option_t OPTIONS[] = {
    {"country", MIG_OPT_TEXT, 0, nullptr, nullptr,
     "Country that national numbers belong to: calling code (44) or region (GB); counted."},
    {"on_bad", MIG_OPT_TEXT, 0, "reject", "reject|null",
     "What becomes of one that is none: the record is rejected, or the value is NULL, counted."},
    {nullptr, 0, 0, nullptr, nullptr, nullptr},
};

const mig_transform_ops_t OPS = {
    sizeof(mig_transform_ops_t), MIG_TRANSFORM_PURE, apply, nullptr, nullptr, nullptr, nullptr};

const mig_unit_t PHONE = {sizeof(mig_unit_t),
                          MIG_TRANSFORM,
                          "phone.plan",
                          "A telephone number that its country's plan "
                          "has, in the form of E.164.",
                          nullptr,
                          OPTIONS,
                          create,
                          destroy,
                          &OPS};

const mig_unit_t *const UNITS[] = {&PHONE, nullptr};

} // namespace

extern "C" MIG_EXPORT const mig_plugin_t mighost_plugin = {
    MIG_MAGIC, MIG_ABI_MAJOR,       MIG_ABI_MINOR, sizeof(mig_plugin_t),
    0,         "org.mighost.phone", "1.0",         UNITS};
