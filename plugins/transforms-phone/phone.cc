/*
 * phone.cc - the transform "phone.plan": a telephone number as E.164 has it, told by the numbering
 * plans of libphonenumber.
 *
 * The contract is that of the transform "phone", which knows no plan: the same outcomes, codes and
 * names of repairs, so that a project may go from one to the other. What differs: a number that no
 * plan of its country has is none. An extension makes it none here, too: E.164 has no room for it,
 * and dropping it would be silent. So would be what the library drops to find a number in a text:
 * words in front of it, single letters and signs in it and behind it.
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

/* The next character of a text; a byte that is no UTF-8 is one of its own, and no digit. */
char32_t next(const std::string &text, std::size_t *at)
{
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(*at);
    const std::size_t n = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 1;
    char32_t c = n == 1 ? lead : lead & (0xFFU >> (n + 1));
    std::size_t i = 1;
    for (; i < n && *at + i < text.size() && (byte(*at + i) & 0xC0U) == 0x80U; i++)
        c = c << 6U | (byte(*at + i) & 0x3FU);
    *at += i;
    return c;
}

bool is_between(char32_t c, char32_t first, char32_t last)
{
    return c >= first && c <= last;
}

bool is_space(char32_t c)
{
    return c == ' ' || is_between(c, '\t', '\r') || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           is_between(c, 0x2000, 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
           c == 0x205F || c == 0x3000;
}

/* Marks without width and of direction, which come along with copied numbers. */
bool is_invisible(char32_t c)
{
    return c == 0xAD || is_between(c, 0x200B, 0x200F) || is_between(c, 0x202A, 0x202E) ||
           is_between(c, 0x2060, 0x2064) || is_between(c, 0x2066, 0x2069) || c == 0xFEFF;
}

bool is_ornament(char32_t c)
{
    return is_space(c) || is_invisible(c) || c == '-' || c == '.' || c == '/' || c == '(' ||
           c == ')' || c == 0xFF08 || c == 0xFF09 || is_between(c, 0x2010, 0x2015);
}

bool is_letter(char32_t c)
{
    return is_between(c, 'A', 'Z') || is_between(c, 'a', 'z');
}

bool is_blank(const std::string &text)
{
    for (std::size_t at = 0; at < text.size();)
        if (!is_space(next(text, &at)))
            return false;
    return true;
}

/* Is the text one number and nothing else? Three letters are keys to the library; fewer it drops.
 */
bool is_one_number(const PhoneNumberUtil &plans, const std::string &text)
{
    std::size_t letters = 0, others = 0, pluses = 0;
    for (std::size_t at = 0; at < text.size();) {
        const char32_t c = next(text, &at);
        if (is_ornament(c))
            continue;
        if (c == '+' || c == 0xFF0B)
            pluses += 1 + letters + others; /* it stands first, or there are too many */
        else if (!is_letter(c))
            others++;
        else if (letters++ == 0 && others == 0)
            return false;
    }
    std::string digits = text;
    plans.NormalizeDigitsOnly(&digits);
    return pluses < 2 && (letters == 0 || letters > 2) && digits.size() == others;
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
    const std::string text(in.data, in.len);
    if (is_blank(text))
        return MIG_OK;
    PhoneNumber number;
    if (in.len > LONGEST || !is_one_number(*p.plans, text) ||
        p.plans->ParseAndKeepRawInput(text, p.region, &number) !=
            PhoneNumberUtil::NO_PARSING_ERROR ||
        number.has_extension() || !p.plans->IsValidNumber(number))
        return no_number(p);
    if (is_assumed(number))
        p.host->repaired(p.host, nullptr, "phone_country_assumed");
    std::string e164;
    p.plans->Format(number, PhoneNumberUtil::E164, &e164);
    char *copy = static_cast<char *>(p.host->alloc(p.host, e164.size() + 1));
    std::memcpy(copy, e164.c_str(), e164.size() + 1);
    *out = mig_value_t{copy, static_cast<uint32_t>(e164.size()), MIG_TEXT};
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
