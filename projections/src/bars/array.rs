//! Arrays of eight-byte numbers as the database sends them, read in place.

use std::error::Error;

use bytes::Buf;
use events::Price;
use jiff::Timestamp;
use tokio_postgres::types::{FromSql, Type};

/// Microseconds from 1970 to 2000, where the database counts from.
const DATABASE_EPOCH_MICROS: i64 = 946_684_800_000_000;

/// The elements of a `bigint[]` or `timestamptz[]`, still in the bytes of the answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct NumberArray<'a> {
    rest: &'a [u8],
    left: usize,
}

impl<'a> FromSql<'a> for NumberArray<'a> {
    fn from_sql(_: &Type, mut raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let dimensions = raw.try_get_i32()?;
        let (_has_nulls, _element_type) = (raw.try_get_i32()?, raw.try_get_u32()?);
        let left = match dimensions {
            0 => 0,
            1 => {
                let (length, _first_index) = (raw.try_get_i32()?, raw.try_get_i32()?);
                usize::try_from(length)?
            }
            _ => return Err("an array of arrays".into()),
        };
        Ok(Self { rest: raw, left })
    }

    fn accepts(array: &Type) -> bool {
        *array == Type::INT8_ARRAY || *array == Type::TIMESTAMPTZ_ARRAY
    }
}

/// Inner `None` is null; what is cut short ends early.
impl Iterator for NumberArray<'_> {
    type Item = Option<i64>;

    fn next(&mut self) -> Option<Option<i64>> {
        self.left = self.left.checked_sub(1)?;
        match self.rest.try_get_i32().ok()? {
            8 => self.rest.try_get_i64().ok().map(Some),
            -1 => Some(None),
            _ => None,
        }
    }
}

/// An element of a `bigint[]` of prices.
pub(super) fn price_of(element: Option<i64>) -> Option<Price> {
    element.map(Price::from_units)
}

/// An element of a `timestamptz[]`.
pub(super) fn instant_of(element: Option<i64>) -> Option<Timestamp> {
    Timestamp::from_microsecond(element?.checked_add(DATABASE_EPOCH_MICROS)?).ok()
}

#[cfg(test)]
mod tests {
    use bytes::{BufMut, BytesMut};
    use tokio_postgres::types::ToSql;

    use super::*;

    #[test]
    fn elements_are_those_that_were_written() {
        let written = vec![Some(1_i64), None, Some(i64::MAX), Some(-5)];
        let mut raw = BytesMut::new();
        written.to_sql(&Type::INT8_ARRAY, &mut raw).unwrap();
        let array = NumberArray::from_sql(&Type::INT8_ARRAY, &raw).unwrap();
        assert_eq!(array.collect::<Vec<_>>(), written);
        let cut = NumberArray::from_sql(&Type::INT8_ARRAY, &raw[..raw.len() - 1]).unwrap();
        assert_eq!(cut.count(), 3);
    }

    #[test]
    fn instants_count_from_two_thousand() {
        let instant: Timestamp = "2025-10-01T14:00:00.000001Z".parse().unwrap();
        let mut raw = BytesMut::new();
        vec![instant].to_sql(&Type::TIMESTAMPTZ_ARRAY, &mut raw).unwrap();
        let array = NumberArray::from_sql(&Type::TIMESTAMPTZ_ARRAY, &raw).unwrap();
        assert_eq!(array.map(instant_of).collect::<Vec<_>>(), [Some(instant)]);
    }

    #[test]
    fn an_empty_array_has_no_elements_and_a_nested_one_is_refused() {
        let mut raw = BytesMut::new();
        Vec::<i64>::new().to_sql(&Type::INT8_ARRAY, &mut raw).unwrap();
        assert_eq!(NumberArray::from_sql(&Type::INT8_ARRAY, &raw).unwrap().count(), 0);
        let mut nested = BytesMut::new();
        nested.put_i32(2);
        nested.put_i64(0);
        assert!(NumberArray::from_sql(&Type::INT8_ARRAY, &nested).is_err());
    }
}
