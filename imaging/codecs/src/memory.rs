//! How this process keeps memory.

/// Blocks from this size on, in bytes, are borrowed from the system one by one and given back when they are freed. Pixels
/// are; what is smaller is used again.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const OWN_MAPPING_BYTES_MIN: libc::c_int = 1024 * 1024;

/// Makes freed pixels go back to the system at once. By itself the C library learns from each large block that is freed
/// to keep the next one, and the holes that are left in between make the peak of a process larger than its work is.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn give_back_freed_pixels() {
    // SAFETY: `mallopt` sets a number in the allocator; it is safe to call at any time.
    unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, OWN_MAPPING_BYTES_MIN) };
}

/// Other C libraries give freed pixels back by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn give_back_freed_pixels() {}

/// Ends the process as Rust does when an allocation of its own fails. The C libraries report a lack of memory like damage
/// to the picture, which would be put down to the picture.
pub(crate) fn exhausted() -> ! {
    std::alloc::handle_alloc_error(std::alloc::Layout::new::<u64>())
}
