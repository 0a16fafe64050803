// mighost.rs - the part of <mighost/plugin.h> 1.0 that this plugin uses, by hand. Members that it does not
// use stand as plain pointers: their place counts. More of it is added as the header has it, in order.
#![allow(dead_code)]
use std::os::raw::{c_char, c_void};

pub const MAGIC: u32 = 0x3147_494d;
pub const OK: i32 = 0;
pub const REJECT: i32 = 4;
pub const E_CONFIG: i32 = -2;
pub const NULL: u32 = 1;
pub const TEXT: u32 = 2;
pub const OPT_INT: u32 = 2;
pub const TRANSFORM: u32 = 2;
pub const TRANSFORM_PURE: u32 = 1;

pub type Unused = *const c_void;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Value {
    pub data: *const c_char,
    pub len: u32,
    pub kind: u32,
}

#[repr(C)]
pub struct Opt {
    pub name: *const c_char,
    pub kind: u32,
    pub flags: u32,
    pub default_value: *const c_char,
    pub allowed: *const c_char,
    pub help: *const c_char,
}

/// The first members of mig_host_t; the table goes on behind them.
#[repr(C)]
pub struct Host {
    pub size: u32,
    pub abi_major: u16,
    pub abi_minor: u16,
    pub this: *const c_void,
    pub log: unsafe extern "C" fn(*const Host, i32, *const c_char),
    pub fail: unsafe extern "C" fn(*const Host, i32, *const c_char, *const c_char) -> i32,
    pub cancelled: unsafe extern "C" fn(*const Host) -> i32,
    pub option: unsafe extern "C" fn(*const Host, *const c_char, *mut Value) -> i32,
    pub alloc: unsafe extern "C" fn(*const Host, usize) -> *mut c_void,
    pub extension: unsafe extern "C" fn(*const Host, *const c_char) -> *const c_void,
    pub reject:
        unsafe extern "C" fn(*const Host, *const c_char, *const c_char, *const c_char) -> i32,
    pub skip: unsafe extern "C" fn(*const Host, *const c_char, *const c_char) -> i32,
    pub repaired: unsafe extern "C" fn(*const Host, *const c_char, *const c_char),
}

#[repr(C)]
pub struct TransformOps {
    pub size: u32,
    pub flags: u32,
    pub apply: unsafe extern "C" fn(*mut c_void, *const Value, u32, *mut Value) -> i32,
    pub quick: Unused,
    pub prove: Unused,
    pub mark: Unused,
    pub opens: Unused,
}

#[repr(C)]
pub struct Unit {
    pub size: u32,
    pub kind: u32,
    pub name: *const c_char,
    pub summary: *const c_char,
    pub needs: Unused,
    pub options: *const Opt,
    pub create: unsafe extern "C" fn(*const Host, *mut *mut c_void) -> i32,
    pub destroy: unsafe extern "C" fn(*mut c_void),
    pub ops: *const TransformOps,
}

#[repr(C)]
pub struct Plugin {
    pub magic: u32,
    pub abi_major: u16,
    pub abi_minor: u16,
    pub size: u32,
    pub flags: u32,
    pub id: *const c_char,
    pub version: *const c_char,
    pub units: *const *const Unit,
}

/// A table of constants: nobody writes to it, so that threads may share it.
#[repr(transparent)]
pub struct Table<T>(pub T);
unsafe impl<T> Sync for Table<T> {}

/// A text with the NUL byte that C expects: text(b"like this\0").
pub const fn text(bytes: &'static [u8]) -> *const c_char {
    bytes.as_ptr() as *const c_char
}
