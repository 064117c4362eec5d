//! The binary format of `copy … to stdout`, read without an allocation per row.

use bytes::{Buf, Bytes, BytesMut};
use events::Price;
use jiff::Timestamp;

use super::{BarPrices, BarsStoreError, Vintage};

const OPERATION: &str = "reading bars";
const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// Signature, flags, length of the (always empty) extension.
const HEADER_BYTES: usize = SIGNATURE.len() + 8;
/// Microseconds from 1970 to 2000, where the database counts from.
const DATABASE_EPOCH_MICROS: i64 = 946_684_800_000_000;
const FIELDS: i16 = 7;

/// One row of `copy_bars.sql`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CopiedBar {
    /// The number of the series.
    pub(super) series_id: i32,
    pub(super) start: Timestamp,
    pub(super) vintage: Vintage,
    pub(super) prices: BarPrices,
}

/// Cuts a stream of chunks into rows; a row may be spread over chunks.
#[derive(Debug, Default)]
pub(super) struct CopyDecoder {
    rest: BytesMut,
    header_seen: bool,
}

impl CopyDecoder {
    /// Hands every row that `chunk` completes to `row`.
    pub(super) fn decode(
        &mut self,
        chunk: Bytes,
        mut row: impl FnMut(CopiedBar) -> Result<(), BarsStoreError>,
    ) -> Result<(), BarsStoreError> {
        // The server sends whole rows, so that the copy into `rest` almost never happens.
        let mut input = if self.rest.is_empty() {
            chunk
        } else {
            self.rest.extend_from_slice(&chunk);
            self.rest.split().freeze()
        };
        if !self.header_seen {
            if input.len() < HEADER_BYTES {
                self.rest.extend_from_slice(&input);
                return Ok(());
            }
            if !input.starts_with(SIGNATURE) {
                return Err(BarsStoreError::unreadable(OPERATION, "the signature of binary copy"));
            }
            input.advance(HEADER_BYTES);
            self.header_seen = true;
        }
        loop {
            let mut ahead = &input[..];
            match decode_row(&mut ahead)? {
                Some(Decoded::Row(bar)) => row(bar)?,
                Some(Decoded::End) => return Ok(()),
                None => break,
            }
            let used = input.len() - ahead.len();
            input.advance(used);
        }
        self.rest.extend_from_slice(&input);
        Ok(())
    }
}

enum Decoded {
    Row(CopiedBar),
    End,
}

/// The next row, or `None` if its end has not arrived.
fn decode_row(input: &mut &[u8]) -> Result<Option<Decoded>, BarsStoreError> {
    let Ok(fields) = input.try_get_i16() else { return Ok(None) };
    if fields == -1 {
        return Ok(Some(Decoded::End));
    }
    if fields != FIELDS {
        return Err(BarsStoreError::unreadable(OPERATION, format!("{fields} fields of a bar")));
    }
    let Some(series_id) = take(input, 4)? else { return Ok(None) };
    let mut numbers = [None; 6];
    for number in &mut numbers {
        let Some(value) = take(input, 8)? else { return Ok(None) };
        *number = value;
    }
    let [start, vintage, open, high, low, close] = numbers;
    let (Some(series_id), Some(start), Some(vintage), Some(open)) = (series_id, start, vintage, open) else {
        return Err(BarsStoreError::unreadable(OPERATION, "a bar without series, start, vintage or open"));
    };
    let start = start
        .checked_add(DATABASE_EPOCH_MICROS)
        .and_then(|micros| Timestamp::from_microsecond(micros).ok())
        .ok_or_else(|| BarsStoreError::unreadable(OPERATION, "a start beyond the calendar"))?;
    let series_id =
        i32::try_from(series_id).map_err(|_| BarsStoreError::unreadable(OPERATION, "a series"))?;
    let price = Price::from_units;
    let prices = BarPrices::of_columns(price(open), high.map(price).zip(low.map(price)), close.map(price));
    Ok(Some(Decoded::Row(CopiedBar { series_id, start, vintage: Vintage::new(vintage), prices })))
}

/// A field of `size` bytes: outer `None` if it has not arrived, inner `None` if it is null.
fn take(input: &mut &[u8], size: i32) -> Result<Option<Option<i64>>, BarsStoreError> {
    let Ok(length) = input.try_get_i32() else { return Ok(None) };
    match length {
        -1 => Ok(Some(None)),
        4 if size == 4 => Ok(input.try_get_i32().ok().map(|value| Some(i64::from(value)))),
        8 if size == 8 => Ok(input.try_get_i64().ok().map(Some)),
        _ => Err(BarsStoreError::unreadable(OPERATION, format!("a field of {length} bytes"))),
    }
}

#[cfg(test)]
mod tests {
    use bytes::BufMut;

    use super::*;

    fn stream() -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.put_slice(SIGNATURE);
        bytes.put_i64(0);
        for series_id in 1..=3_i32 {
            bytes.put_i16(FIELDS);
            bytes.put_i32(4);
            bytes.put_i32(series_id);
            for number in [86_400_000_000_i64, 9, 100] {
                bytes.put_i32(8);
                bytes.put_i64(number);
            }
            bytes.put_i32(-1);
            bytes.put_i32(-1);
            bytes.put_i32(-1);
        }
        bytes.put_i16(-1);
        bytes
    }

    #[test]
    fn rows_are_the_same_however_the_stream_is_cut() {
        let bytes = stream();
        for size in 1..=bytes.len() {
            let (mut decoder, mut rows) = (CopyDecoder::default(), Vec::new());
            for chunk in bytes.chunks(size) {
                decoder
                    .decode(Bytes::copy_from_slice(chunk), |row| {
                        rows.push(row);
                        Ok(())
                    })
                    .unwrap();
            }
            assert_eq!(rows.len(), 3, "cut into {size}");
            assert_eq!((rows[2].series_id, rows[2].vintage), (3, Vintage::new(9)));
            assert_eq!(rows[2].start, "2000-01-02T00:00:00Z".parse().unwrap());
            assert_eq!(rows[2].prices, BarPrices::OpenOnly(Price::from_units(100)));
        }
    }

    #[test]
    fn another_shape_is_refused() {
        let mut bytes = stream();
        bytes[0] = b'X';
        assert!(CopyDecoder::default().decode(Bytes::from(bytes), |_| Ok(())).is_err());
    }
}
