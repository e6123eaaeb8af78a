//! One loop, compiled twice: for the instruction set that rustc takes by default, and for AVX2 with FMA,
//! which is called where the processor has it.

/// Defines `fn name(args)` that chooses, when it runs, between two compilations of a body.
/// The body is to be marked `#[inline(always)]` down to its loops.
macro_rules! twice {
    (
        fn $name:ident$(<$type:ident: $bound:path>)?($($arg:ident: $kind:ty),*)
            => $plain:path, $wide:path
    ) => {
        fn $name$(<$type: $bound>)?($($arg: $kind),*) {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,fma")]
                fn wide$(<$type: $bound>)?($($arg: $kind),*) {
                    $wide($($arg),*)
                }
                if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                    // SAFETY: the processor has the instructions, it was just asked.
                    return unsafe { wide($($arg),*) };
                }
            }
            $plain($($arg),*)
        }
    };
}
pub(crate) use twice;
