// plugin.rs - a plugin for mighost with one transform, "@NAME@". As it stands, it makes a word for URLs
// from a text: "Hello, World 2" becomes "hello-world-2". <mighost/plugin.h> says what each call has to do.
mod mighost;
use mighost::*;
use std::mem::size_of;
use std::os::raw::c_void;
use std::ptr::{null, null_mut};
use std::slice;

struct Slug {
    host: *const Host, // lives until destroy() has returned
    max: usize,        // bytes
}

fn slug(input: &[u8], max: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut gap = false;
    for c in input {
        if !c.is_ascii_alphanumeric() {
            gap = !out.is_empty();
            continue;
        }
        if out.len() + gap as usize >= max {
            break;
        }
        if gap {
            out.push(b'-');
        }
        out.push(c.to_ascii_lowercase());
        gap = false;
    }
    out
}

unsafe extern "C" fn create(host: *const Host, this: *mut *mut c_void) -> i32 {
    let mut max = Value { data: null(), len: 0, kind: 0 };
    *this = null_mut();
    let rc = ((*host).option)(host, text(b"max\0"), &mut max);
    if rc != OK {
        return rc;
    }
    // The host has checked type and range.
    let digits = slice::from_raw_parts(max.data as *const u8, max.len as usize);
    let max = digits.iter().fold(0, |n, c| n * 10 + (c - b'0') as usize);
    *this = Box::into_raw(Box::new(Slug { host, max })) as *mut c_void;
    OK
}

unsafe extern "C" fn destroy(this: *mut c_void) {
    if !this.is_null() {
        drop(Box::from_raw(this as *mut Slug));
    }
}

unsafe extern "C" fn apply(this: *mut c_void, input: *const Value, n: u32, out: *mut Value) -> i32 {
    let unit = &*(this as *const Slug);
    let host = &*unit.host;
    if n != 1 {
        return (host.fail)(host, E_CONFIG, text(b"@NAME@ takes one value\0"), null());
    }
    *out = *input;
    if (*input).kind <= NULL {
        return OK;
    }
    if (*input).kind != TEXT {
        return (host.reject)(host, null(), text(b"not_text\0"), text(b"only a text can become a slug\0"));
    }
    let bytes = if (*input).len == 0 {
        &[][..]
    } else {
        slice::from_raw_parts((*input).data as *const u8, (*input).len as usize)
    };
    let word = slug(bytes, unit.max);
    if word.is_empty() {
        let why = text(b"the text has no ASCII letter or digit\0");
        return (host.reject)(host, null(), text(b"empty_slug\0"), why);
    }
    let memory = (host.alloc)(host, word.len()) as *mut u8; // freed with the record
    memory.copy_from_nonoverlapping(word.as_ptr(), word.len());
    *out = Value { data: memory as *const _, len: word.len() as u32, kind: TEXT };
    OK
}

static OPTIONS: Table<[Opt; 2]> = Table([
    Opt {
        name: text(b"max\0"),
        kind: OPT_INT,
        flags: 0,
        default_value: text(b"60\0"),
        allowed: text(b"1..200\0"),
        help: text(b"The greatest length in bytes.\0"),
    },
    Opt { name: null(), kind: 0, flags: 0, default_value: null(), allowed: null(), help: null() },
]);

static OPS: Table<TransformOps> = Table(TransformOps {
    size: size_of::<TransformOps>() as u32,
    flags: TRANSFORM_PURE,
    apply,
    quick: null(),
    prove: null(),
    mark: null(),
    opens: null(),
});

static UNIT: Table<Unit> = Table(Unit {
    size: size_of::<Unit>() as u32,
    kind: TRANSFORM,
    name: text(b"@NAME@\0"),
    summary: text(b"Makes a word for URLs from a text.\0"),
    needs: null(),
    options: &OPTIONS.0 as *const Opt,
    create,
    destroy,
    ops: &OPS.0,
});

static UNITS: Table<[*const Unit; 2]> = Table([&UNIT.0, null()]);

#[no_mangle]
pub static mighost_plugin: Table<Plugin> = Table(Plugin {
    magic: MAGIC,
    abi_major: 1,
    abi_minor: 0,
    size: size_of::<Plugin>() as u32,
    flags: 0,
    id: text(b"@ID@\0"),
    version: text(b"1.0\0"),
    units: &UNITS.0 as *const *const Unit,
});
