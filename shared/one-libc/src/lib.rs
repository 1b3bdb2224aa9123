//! Nothing but a dependency on libc from a crate that is also a `staticlib`.
//!
//! Whether cargo, under LTO, compiles a crate to bitcode alone or to object code as well depends on who uses it. mozjpeg-sys
//! is a `staticlib` too and is in thumbnail alone, so libc, and with it tokio, rustls and every AWS SDK, would be compiled
//! once for thumbnail and once more for the other four: `sam build` builds them one by one. With this crate in `shared`
//! libc is compiled in one way for all.
