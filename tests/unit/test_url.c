/* test_url.c - what is wrong with a connection text, and where its secrets are. */
#include "url.h"

#include "log.h"
#include "unit.h"

static void good_texts_pass(void)
{
    static const char *const texts[] = {
        "postgresql://",
        "postgresql://h",
        "postgres://u:p%40ss@h:5432/db?sslmode=require&application_name=x",
        "postgresql://u:a:b;c!$@h/d",
        "postgresql://h1:1,h2:65535,[::1]:5/d",
        "postgresql://[fe80::1]/d",
        "postgresql:///d?host=/run/pg&port=5",
        "postgresql://%2Frun%2Fpg/d",
        "postgresql://u:pa?ss@h/d",
        "host=h port=5 password='it\\'s a = b' user=u",
        " dbname = d  password=p\\ q ",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        CU_ASSERT_PTR_NULL(url_database_fault(texts[i]));
        CU_ASSERT_PTR_NULL(url_fault(texts[i]));
    }
    CU_ASSERT_PTR_NULL(url_fault("https://api.example/v1?x=1#top"));
    CU_ASSERT_PTR_NULL(url_fault("https://h/users/@me"));
    CU_ASSERT_PTR_NOT_NULL(url_database_fault("https://api.example/"));
}

static void bad_texts_are_classed(void)
{
    static const struct {
        const char *text, *phrase;
    } cases[] = {
        {"postgresql://u:p@ss@h/d", "more than one '@'"},
        {"postgresql://u:pa/ss@h/d", "a port that is no number"},
        {"postgresql://u:12/ss@h/d", "more than one '@'"},
        {"postgresql://u:%zz@h/d", "a '%' that two hexadecimal digits do not follow"},
        {"postgresql://u:a%@h", "a '%' that"},
        {"postgresql://u:a%00@h", "a '%' that"},
        {"postgresql://u@[::1/d", "a '[' without its ']'"},
        {"postgresql://h[::1]/d", "a '[' without its ']'"},
        {"postgresql://[::1]x/d", "a port that is no number"},
        {"postgresql://h:0/d", "a port that is no number"},
        {"postgresql://h:65536/d", "a port that is no number"},
        {"postgresql://h1,h2:x/d", "a port that is no number"},
        {"postgresql://h/d e", "a control character or a space"},
        {"postgresql://h/d?sslmode", "a keyword without '='"},
        {"postgresql://h/d?ssl-mode=x", "a parameter name"},
        {"host=h password='s3cr3t", "a quote that is not closed"},
        {"host=h s3cr3t", "a keyword without '='"},
        {"ho-st=h", "a parameter name"},
        {"mysql://h/d", "neither postgresql://"},
        {"s3cr3t", "neither postgresql://"},
        {"", "neither postgresql://"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *fault = url_database_fault(cases[i].text);
        CU_ASSERT_PTR_NOT_NULL(fault);
        if (!fault || strncmp(fault, cases[i].phrase, strlen(cases[i].phrase)) != 0)
            CU_FAIL(cases[i].text);
    }
}

static void passwords_are_masked(void)
{
    static const struct {
        const char *text, *masked;
    } cases[] = {
        {"postgresql://u:p%40ss@h:5/d", "postgresql://u:***@h:5/d"},
        {"postgresql://u@h:5/d", "postgresql://u@h:5/d"},
        {"postgresql://u:@h/d", "postgresql://u:@h/d"},
        {"postgresql://u:p@ss@h/d", "postgresql://u:***@h/d"},
        {"postgresql://u:pa/s@h/d", "postgresql://u:***@h/d"},
        {"postgresql://u:pa?s@h/d?x=1", "postgresql://u:***@h/d?x=1"},
        {"postgresql://h/d?user=u&password=s3&sslpassword=s4&x=1",
         "postgresql://h/d?user=u&password=***&sslpassword=***&x=1"},
        {"https://h/p?api_key=abc&n=1", "https://h/p?api_key=***&n=1"},
        {"https://h/p?mail=a@b", "https://h/p?mail=a@b"},
        {"host=h password='a b' user=u", "host=h password='***' user=u"},
        {"host=h PassWord = a\\ b user=u", "host=h PassWord = *** user=u"},
        {"password='open", "password='***"},
        {"no url", "no url"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str out;
        str_init(&out, 0);
        url_mask(&out, cases[i].text);
        CU_ASSERT_STRING_EQUAL(out.data, cases[i].masked);
        str_clear(&out);
    }
}

static void passwords_are_registered(void)
{
    url_register_secrets("postgresql://u:q%40uiet%2Fone@h/d");
    url_register_secrets("host=h password='quiet two'");
    char line[] = "raw q%40uiet%2Fone, plain q@uiet/one, quiet two";
    log_mask(line);
    CU_ASSERT_STRING_EQUAL(line, "raw ***, plain ***, ***");
}

static void texts_are_encoded(void)
{
    struct str out;
    str_init(&out, 0);
    url_encode(&out, "aZ9._~- @/:%\xc3\xa9");
    CU_ASSERT_STRING_EQUAL(out.data, "aZ9._~-%20%40%2F%3A%25%C3%A9");
    str_clear(&out);
}

int main(int argc, char **argv)
{
    static const struct unit_case cases[] = {
        {"good_texts_pass", good_texts_pass},
        {"bad_texts_are_classed", bad_texts_are_classed},
        {"passwords_are_masked", passwords_are_masked},
        {"passwords_are_registered", passwords_are_registered},
        {"texts_are_encoded", texts_are_encoded},
    };
    return UNIT_MAIN("url", cases, argc, argv);
}
