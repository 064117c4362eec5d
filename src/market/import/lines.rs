//! The bytes of a file: hashed as they come, unpacked if they are gzip, cut into lines.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::ImportError;

/// Longest line, or pretty-printed object, that is read.
pub const LINE_BYTES_MAX: usize = 256 << 20;
const BUFFER_BYTES: usize = 128 << 10;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Hashes what is read through it.
struct Hashing<R> {
    inner: R,
    hasher: Sha256,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hasher.update(buffer.get(..count).unwrap_or_default());
        Ok(count)
    }
}

enum Unpacked<R> {
    Plain(BufReader<Hashing<R>>),
    Gzip(Box<BufReader<MultiGzDecoder<BufReader<Hashing<R>>>>>),
}

impl<R: Read> Unpacked<R> {
    fn read_until_newline(&mut self, line: &mut Vec<u8>) -> io::Result<usize> {
        // Enough to notice that the limit is exceeded.
        let limit = LINE_BYTES_MAX as u64 + 1;
        match self {
            Self::Plain(reader) => reader.by_ref().take(limit).read_until(b'\n', line),
            Self::Gzip(reader) => reader.by_ref().take(limit).read_until(b'\n', line),
        }
    }

    fn into_hashing(self) -> Hashing<R> {
        match self {
            Self::Plain(reader) => reader.into_inner(),
            Self::Gzip(reader) => reader.into_inner().into_inner().into_inner(),
        }
    }
}

/// One line without its end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// From 1.
    pub(super) number: u64,
    pub(super) bytes: Vec<u8>,
}

impl Line {
    pub(super) fn is_blank(&self) -> bool {
        self.bytes.iter().all(u8::is_ascii_whitespace)
    }
}

/// The lines of a file.
pub(super) struct Lines<R> {
    file: String,
    input: Unpacked<R>,
    ahead: VecDeque<Line>,
    read: u64,
}

impl<R: Read> Lines<R> {
    /// Looks at the first bytes to see whether they are gzip.
    pub(super) fn open(file: &str, source: R) -> Result<Self, ImportError> {
        let failed = |source| ImportError::Read { file: file.to_owned(), line: 0, source };
        let mut plain =
            BufReader::with_capacity(BUFFER_BYTES, Hashing { inner: source, hasher: Sha256::new() });
        let input = if plain.fill_buf().map_err(failed)?.starts_with(&GZIP_MAGIC) {
            Unpacked::Gzip(Box::new(BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(plain))))
        } else {
            Unpacked::Plain(plain)
        };
        Ok(Self { file: file.to_owned(), input, ahead: VecDeque::new(), read: 0 })
    }

    /// Lines read so far, those looked at ahead included.
    pub(super) fn read(&self) -> u64 {
        self.read
    }

    /// The next line that is not blank.
    pub(super) fn next_filled(&mut self) -> Result<Option<Line>, ImportError> {
        match self.ahead.pop_front() {
            Some(line) => Ok(Some(line)),
            None => self.read_filled(),
        }
    }

    /// The next `count` lines that are not blank, left in place.
    pub(super) fn peek(&mut self, count: usize) -> Result<&VecDeque<Line>, ImportError> {
        while self.ahead.len() < count
            && let Some(line) = self.read_filled()?
        {
            self.ahead.push_back(line);
        }
        Ok(&self.ahead)
    }

    /// Everything that is left, and the number of the line it begins on; 0 where there is nothing.
    pub(super) fn rest(&mut self) -> Result<(u64, Vec<u8>), ImportError> {
        let mut document: Vec<u8> = Vec::new();
        let (mut first, mut last) = (0, 0);
        while let Some(line) = self.next_filled()? {
            if first == 0 {
                (first, last) = (line.number, line.number);
            }
            // Blank lines were skipped; they count all the same.
            document.extend((last..line.number).map(|_| b'\n'));
            last = line.number;
            document.extend_from_slice(&line.bytes);
        }
        Ok((first, document))
    }

    /// The SHA-256 of the whole file, after its end was reached.
    pub(super) fn into_sha256(self) -> Result<[u8; 32], ImportError> {
        let Self { file, input, read, .. } = self;
        let mut hashing = input.into_hashing();
        io::copy(&mut hashing, &mut io::sink()).map_err(|source| ImportError::Read {
            file,
            line: read,
            source,
        })?;
        Ok(hashing.hasher.finalize().into())
    }

    fn read_filled(&mut self) -> Result<Option<Line>, ImportError> {
        while let Some(line) = self.read_line()? {
            if !line.is_blank() {
                return Ok(Some(line));
            }
        }
        Ok(None)
    }

    fn read_line(&mut self) -> Result<Option<Line>, ImportError> {
        let mut bytes = Vec::new();
        let count = self.input.read_until_newline(&mut bytes).map_err(|source| ImportError::Read {
            file: self.file.clone(),
            line: self.read,
            source,
        })?;
        if count == 0 {
            return Ok(None);
        }
        self.read += 1;
        if count > LINE_BYTES_MAX {
            return Err(ImportError::LineTooLong { file: self.file.clone(), line: self.read });
        }
        if self.read == 1 && bytes.starts_with(BYTE_ORDER_MARK) {
            bytes.drain(..BYTE_ORDER_MARK.len());
        }
        while bytes.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
            bytes.pop();
        }
        Ok(Some(Line { number: self.read, bytes }))
    }
}

/// The SHA-256 of everything in `source`.
pub(super) fn sha256_of(source: impl Read) -> io::Result<[u8; 32]> {
    let mut hashing = Hashing { inner: source, hasher: Sha256::new() };
    io::copy(&mut hashing, &mut io::sink())?;
    Ok(hashing.hasher.finalize().into())
}
