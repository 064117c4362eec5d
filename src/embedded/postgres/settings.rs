//! The settings a private Postgres runs with.

/// What survives what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// What was committed survives a power failure.
    Durable,
    /// What was committed survives the server's crash, not the machine's. For tests; no configuration leads here.
    TestsOnly,
}

/// The only port: it is part of the socket's file name, and no address is listened on.
pub const PORT: u16 = 5432;

const COMMON: &[&str] = &[
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "max_connections=200",
    "shared_buffers=256MB",
    "max_wal_size=2GB",
    // A new WAL segment is zeroed and flushed first, for which every append waits some 50 ms: keep the old ones.
    "min_wal_size=1GB",
    "autovacuum=on",
    // Compiling pays for reports over millions of rows, and delays everything here.
    "jit=off",
    "timezone=UTC",
    "log_timezone=UTC",
    "log_destination=stderr",
    "logging_collector=off",
    "log_checkpoints=off",
];

const DURABLE: &[&str] = &[
    "fsync=on",
    "synchronous_commit=on",
    "full_page_writes=on",
    // The log is the only truth there is: `minimal` would rule out a base backup and archiving.
    "wal_level=replica",
];

const TESTS_ONLY: &[&str] = &[
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
];

/// For the C library's allocator, bytes each: a server process keeps what a large statement needed for the next one. Left
/// to itself it gives the memory back after each batch of appends, and faults every page in again: a sixth of their time.
pub const MEMORY: [(&str, &str); 3] = [
    ("MALLOC_TRIM_THRESHOLD_", "16777216"),
    ("MALLOC_MMAP_THRESHOLD_", "4194304"),
    ("MALLOC_TOP_PAD_", "1048576"),
];

impl Durability {
    /// `name=value`, for the server's command line.
    pub fn settings(self) -> impl Iterator<Item = String> {
        let own = match self {
            Self::Durable => DURABLE,
            Self::TestsOnly => TESTS_ONLY,
        };
        let port = format!("port={PORT}");
        COMMON.iter().chain(own).map(|&setting| setting.to_owned()).chain([port])
    }

    /// Extra arguments of `initdb`.
    pub fn initdb_arguments(self) -> &'static [&'static str] {
        match self {
            Self::Durable => &["--data-checksums"],
            Self::TestsOnly => &["--no-sync"],
        }
    }
}
