/* test_loadelf.c - a small shared object made by hand, then spoiled: on purpose, and at random,
 * where the only demand is that the check comes back. Real objects: tests/abi/zoo.sh. */
#include "loadelf.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unit.h"

#define N_DYNAMIC 8

struct object {
    ElfW(Ehdr) header;
    ElfW(Phdr) segments[2];
    ElfW(Dyn) dynamic[N_DYNAMIC];
    char strings[64];
};

/* Loaded at 0, so that offsets are addresses; class and machine are those of this program. */
static struct object sound(void)
{
    struct object o;
    memset(&o, 0, sizeof o);
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    CU_ASSERT_EQUAL_FATAL(read(fd, &o.header, sizeof o.header), (ssize_t)sizeof o.header);
    close(fd);
    o.header.e_type = ET_DYN;
    o.header.e_phoff = offsetof(struct object, segments);
    o.header.e_phentsize = sizeof o.segments[0];
    o.header.e_phnum = 2;
    o.header.e_shoff = 0;
    o.header.e_shnum = 0;
    o.segments[0].p_type = PT_LOAD;
    o.segments[0].p_filesz = sizeof o;
    o.segments[1].p_type = PT_DYNAMIC;
    o.segments[1].p_offset = offsetof(struct object, dynamic);
    o.segments[1].p_filesz = sizeof o.dynamic;
    o.dynamic[0].d_tag = DT_NEEDED;
    o.dynamic[0].d_un.d_val = 1;
    o.dynamic[1].d_tag = DT_STRTAB;
    o.dynamic[1].d_un.d_ptr = offsetof(struct object, strings);
    memcpy(o.strings, "\0libc.so.6\0/usr/lib:/opt/lib\0.\0", 32);
    return o;
}

static struct error check(const void *data, size_t n)
{
    struct error err = {0};
    int fd = memfd_create("object", MFD_CLOEXEC);
    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT_EQUAL_FATAL(write(fd, data, n), (ssize_t)n);
    int status = loadelf_check(fd, "x.so", &err);
    CU_ASSERT_EQUAL(status, err.code);
    close(fd);
    return err;
}

static struct error check_object(const struct object *o)
{
    return check(o, sizeof *o);
}

static void sound_object_passes(void)
{
    struct object o = sound();
    CU_ASSERT_EQUAL(check_object(&o).code, STATUS_OK);
}

static void other_machines_are_named(void)
{
    struct object o = sound();
    o.header.e_machine = o.header.e_machine == EM_RISCV ? EM_AARCH64 : EM_RISCV;
    struct error err = check_object(&o);
    CU_ASSERT_EQUAL(err.code, STATUS_PLUGIN);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.what, "x.so is built for "));
    o = sound();
    o.header.e_ident[EI_DATA] ^= 3;
    CU_ASSERT_EQUAL(check_object(&o).code, STATUS_PLUGIN);
}

static void every_length_is_refused(void)
{
    struct object o = sound();
    size_t passed = 0;
    for (size_t n = 0; n < sizeof o; n++)
        passed += check(&o, n).code == STATUS_OK;
    CU_ASSERT_EQUAL(passed, 0);
}

static void search_paths_must_be_absolute(void)
{
    struct object o = sound();
    o.dynamic[2].d_tag = DT_RUNPATH;
    o.dynamic[2].d_un.d_val = 11;
    CU_ASSERT_EQUAL(check_object(&o).code, STATUS_OK);
    o.dynamic[2].d_un.d_val = 28;
    CU_ASSERT_STRING_EQUAL(check_object(&o).what,
                           "plugin x.so searches its libraries in \"\" (RPATH or RUNPATH)");
    o.dynamic[2].d_tag = DT_RPATH;
    o.dynamic[2].d_un.d_val = 29;
    CU_ASSERT_STRING_EQUAL(check_object(&o).what,
                           "plugin x.so searches its libraries in \".\" (RPATH or RUNPATH)");
}

static void text_relocations_are_refused(void)
{
    struct object o = sound();
    o.dynamic[2].d_tag = DT_TEXTREL;
    CU_ASSERT_STRING_EQUAL(check_object(&o).what, "plugin x.so has text relocations");
    o.dynamic[2].d_tag = DT_FLAGS;
    o.dynamic[2].d_un.d_val = DF_TEXTREL | DF_BIND_NOW;
    CU_ASSERT_EQUAL(check_object(&o).code, STATUS_PLUGIN);
    o.dynamic[2].d_un.d_val = DF_BIND_NOW;
    CU_ASSERT_EQUAL(check_object(&o).code, STATUS_OK);
}

static void texts_outside_of_the_file_are_refused(void)
{
    struct object o = sound();
    o.dynamic[0].d_un.d_val = 1U << 20;
    CU_ASSERT_EQUAL(check_object(&o).code, STATUS_PLUGIN);
    o = sound();
    memset(o.strings, 'x', sizeof o.strings);
    CU_ASSERT_EQUAL(check_object(&o).code, STATUS_PLUGIN);
}

static uint32_t seed = 1;

static uint32_t random_below(uint32_t n)
{
    seed = seed * 1664525U + 1013904223U;
    return (seed >> 8) % n;
}

static void random_bytes_never_break_the_check(void)
{
    size_t passed = 0, refused = 0;
    for (int i = 0; i < 20000; i++) {
        struct object o = sound();
        unsigned char *bytes = (unsigned char *)&o;
        for (uint32_t k = 1 + random_below(6); k > 0; k--) {
            /* Behind the magic number, or little would be reached. */
            size_t at = 16 + random_below((uint32_t)sizeof o - 16);
            bytes[at] = (unsigned char)(random_below(4) ? random_below(256) : 0xff);
        }
        if (check_object(&o).code == STATUS_OK)
            passed++;
        else
            refused++;
    }
    CU_ASSERT(passed > 100);
    CU_ASSERT(refused > 100);
}

static const struct unit_case cases[] = {
    {"sound_object_passes", sound_object_passes},
    {"other_machines_are_named", other_machines_are_named},
    {"every_length_is_refused", every_length_is_refused},
    {"search_paths_must_be_absolute", search_paths_must_be_absolute},
    {"text_relocations_are_refused", text_relocations_are_refused},
    {"texts_outside_of_the_file_are_refused", texts_outside_of_the_file_are_refused},
    {"random_bytes_never_break_the_check", random_bytes_never_break_the_check},
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("loadelf", cases, argc, argv);
}
