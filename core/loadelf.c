/* loadelf.c - looks at an ELF file without loading it. Follows the System V ABI (gABI, chapters
 * 4 and 5) as glibc has it in <elf.h>, for the class that this program has itself.
 *
 * Every number in the file may be wrong: each offset is checked against the size of the file
 * before it is used, every loop has a bound. */
#include "loadelf.h"
#include "plural.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_SEGMENTS 64
#define MAX_DYNAMIC 4096

struct image {
    int fd;
    const char *path;
    uint64_t size;
    ElfW(Phdr) segments[MAX_SEGMENTS];
    size_t n;
};

static int read_at(int fd, void *out, size_t n, uint64_t offset)
{
    if (offset > (uint64_t)INT64_MAX - n)
        return -1;
    ssize_t got = pread(fd, out, n, (off_t)offset);
    return got == (ssize_t)n ? 0 : -1;
}

/* 1 when `n` bytes at `offset` lie within the file. */
static int inside(const struct image *image, uint64_t offset, uint64_t n)
{
    return offset <= image->size && n <= image->size - offset;
}

static const char *machine_name(unsigned machine)
{
    switch (machine) {
    case EM_386:
        return "i386";
    case EM_X86_64:
        return "x86-64";
    case EM_ARM:
        return "arm";
    case EM_AARCH64:
        return "aarch64";
    case EM_PPC64:
        return "ppc64";
    case EM_S390:
        return "s390";
    case EM_RISCV:
        return "riscv";
    default:
        return "another machine";
    }
}

static int no_object(const struct image *image, struct error *err)
{
    error_set(err, STATUS_PLUGIN, "plugin %s is not an ELF shared object (%llu %s)", image->path,
              (unsigned long long)image->size, plural(image->size, "byte", "bytes"));
    error_fix(err, "build it with -shared -fPIC, or remove the file");
    return err->code;
}

static int cut_off(const struct image *image, struct error *err)
{
    error_set(err, STATUS_PLUGIN, "plugin %s is cut off: it ends after %llu %s", image->path,
              (unsigned long long)image->size, plural(image->size, "byte", "bytes"));
    error_why(err, "its header speaks of data behind the end of the file");
    error_fix(err, "copy or build it again");
    return err->code;
}

/* glibc passes over a file for another machine and then says that it does not exist. */
static int check_machine(const struct image *image, const ElfW(Ehdr) * header, struct error *err)
{
    ElfW(Ehdr) own;
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    int known = fd >= 0 && read_at(fd, &own, sizeof own, 0) == 0;
    if (fd >= 0)
        close(fd);
    if (!known || (header->e_machine == own.e_machine &&
                   memcmp(header->e_ident, own.e_ident, EI_VERSION) == 0))
        return STATUS_OK;
    error_set(err, STATUS_PLUGIN,
              "plugin %s is built for %s (ELF machine %u, class %u); this mighost is %s (machine "
              "%u, class %u)",
              image->path, machine_name(header->e_machine), header->e_machine,
              header->e_ident[EI_CLASS], machine_name(own.e_machine), own.e_machine,
              own.e_ident[EI_CLASS]);
    error_fix(err, "build the plugin on this machine, or get the package for it");
    return err->code;
}

static int read_segments(struct image *image, const ElfW(Ehdr) * header, struct error *err)
{
    if (header->e_type != ET_DYN || header->e_phentsize != sizeof image->segments[0] ||
        header->e_phnum > MAX_SEGMENTS)
        return no_object(image, err);
    image->n = header->e_phnum;
    size_t bytes = image->n * sizeof image->segments[0];
    /* The section table comes last in most files; loading needs it not, but its absence shows
     * that the end is missing. */
    if (!inside(image, header->e_phoff, bytes) ||
        !inside(image, header->e_shoff, (uint64_t)header->e_shnum * header->e_shentsize) ||
        read_at(image->fd, image->segments, bytes, header->e_phoff) != 0)
        return cut_off(image, err);
    for (size_t i = 0; i < image->n; i++)
        if (!inside(image, image->segments[i].p_offset, image->segments[i].p_filesz))
            return cut_off(image, err);
    return STATUS_OK;
}

/* The text at a virtual address; 0 or -1 when it is not in the file or too long. */
static int read_text(const struct image *image, uint64_t address, char *out, size_t size)
{
    for (size_t i = 0; i < image->n; i++) {
        const ElfW(Phdr) *segment = &image->segments[i];
        if (segment->p_type != PT_LOAD || address < segment->p_vaddr ||
            address - segment->p_vaddr >= segment->p_filesz)
            continue;
        uint64_t offset = address - segment->p_vaddr, left = segment->p_filesz - offset;
        size_t n = left < size ? (size_t)left : size;
        return read_at(image->fd, out, n, segment->p_offset + offset) == 0 &&
                       memchr(out, '\0', n) != NULL
                   ? 0
                   : -1;
    }
    return -1;
}

static int check_search_path(const struct image *image, const char *text, struct error *err)
{
    for (const char *entry = text;;) {
        if (*entry != '/') {
            error_set(err, STATUS_PLUGIN,
                      "plugin %s searches its libraries in \"%s\" (RPATH or RUNPATH)", image->path,
                      text);
            error_why(err, "an entry that is empty or relative means the working directory; "
                           "$ORIGIN has no meaning, as mighost loads the file that it checked by "
                           "its descriptor");
            error_fix(err, "link it with absolute -rpath entries or none");
            return err->code;
        }
        entry += strcspn(entry, ":");
        if (!*entry++)
            return STATUS_OK;
    }
}

static int check_needed(const struct image *image, const char *text, struct error *err)
{
    if (text[0] == '/' || !strchr(text, '/'))
        return STATUS_OK;
    error_set(err, STATUS_PLUGIN, "plugin %s needs the library \"%s\" by a relative path",
              image->path, text);
    error_why(err, "the working directory would decide which library that is");
    error_fix(err, "give the library a soname without '/' and link the plugin again");
    return err->code;
}

static int check_entry(const struct image *image, const ElfW(Dyn) * entry, uint64_t strings,
                       struct error *err)
{
    char text[PATH_MAX];
    ElfW(Sxword) tag = entry->d_tag;
    if (tag == DT_TEXTREL || (tag == DT_FLAGS && (entry->d_un.d_val & DF_TEXTREL))) {
        error_set(err, STATUS_PLUGIN, "plugin %s has text relocations", image->path);
        error_why(err, "its code would have to be made writable to load it");
        error_fix(err, "compile all its objects with -fPIC");
        return err->code;
    }
    if (tag != DT_RPATH && tag != DT_RUNPATH && tag != DT_NEEDED)
        return STATUS_OK;
    if (read_text(image, strings + entry->d_un.d_val, text, sizeof text) != 0)
        return no_object(image, err);
    return tag == DT_NEEDED ? check_needed(image, text, err) : check_search_path(image, text, err);
}

static int check_dynamic(const struct image *image, const ElfW(Phdr) * segment, struct error *err)
{
    ElfW(Dyn) entry;
    uint64_t strings = 0, n = segment->p_filesz / sizeof entry;
    if (n > MAX_DYNAMIC)
        return no_object(image, err);
    /* Two rounds: the string table may stand behind the entries that point into it. */
    for (int round = 0; round < 2; round++) {
        for (uint64_t i = 0; i < n; i++) {
            if (read_at(image->fd, &entry, sizeof entry, segment->p_offset + i * sizeof entry) != 0)
                return cut_off(image, err);
            if (entry.d_tag == DT_NULL)
                break;
            if (round == 0 && entry.d_tag == DT_STRTAB)
                strings = entry.d_un.d_ptr;
            if (round == 1 && check_entry(image, &entry, strings, err) != STATUS_OK)
                return err->code;
        }
    }
    return STATUS_OK;
}

int loadelf_check(int fd, const char *path, struct error *err)
{
    struct stat st;
    ElfW(Ehdr) header;
    struct image image = {.fd = fd, .path = path};
    if (fstat(fd, &st) != 0 || st.st_size < 0)
        return no_object(&image, err);
    image.size = (uint64_t)st.st_size;
    if (read_at(fd, &header, sizeof header, 0) != 0 || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
        return no_object(&image, err);
    if (check_machine(&image, &header, err) != STATUS_OK ||
        read_segments(&image, &header, err) != STATUS_OK)
        return err->code;
    for (size_t i = 0; i < image.n; i++)
        if (image.segments[i].p_type == PT_DYNAMIC &&
            check_dynamic(&image, &image.segments[i], err) != STATUS_OK)
            return err->code;
    return STATUS_OK;
}
