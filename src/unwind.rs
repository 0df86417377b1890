//! Stand-ins for the functions that walk a stack. The standard library asks for
//! them, but a build that ends at a panic has no tables to walk by; with these
//! the library they are from is not loaded, which is a twentieth of a short run,
//! and a guest needs no more than the C library to run the tool.

use std::process::abort;

/// `_URC_END_OF_STACK`: there is nothing to walk. (Itanium C++ ABI: Exception
/// Handling, 1.1.)
const END_OF_STACK: i32 = 5;

/// Backtraces are empty.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_Backtrace() -> i32 {
    END_OF_STACK
}

/// What only a walk that found something calls.
macro_rules! never_called {
    ($($name:ident)*) => {
        $(
            #[unsafe(no_mangle)]
            extern "C" fn $name() {
                abort()
            }
        )*
    };
}

never_called! {
    _Unwind_FindEnclosingFunction
    _Unwind_GetCFA
    _Unwind_GetDataRelBase
    _Unwind_GetIP
    _Unwind_GetIPInfo
    _Unwind_GetLanguageSpecificData
    _Unwind_GetRegionStart
    _Unwind_GetTextRelBase
    _Unwind_Resume
    _Unwind_SetGR
    _Unwind_SetIP
}
