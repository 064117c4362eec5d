//! Server-sent events, from bytes that may be cut anywhere.

/// One event: its name and id, if it has them, and its data.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frame {
    /// The `event` field.
    pub event: Option<String>,
    /// The `id` field, after which the stream can be resumed.
    pub id: Option<String>,
    /// The `data` lines, joined by line feeds.
    pub data: String,
}

/// An event is longer than the parser keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event is longer than {0} bytes")]
pub struct FrameTooLong(pub usize);

/// Reads events as the HTML standard defines them: lines end with LF, CR or both, comments are skipped, unknown fields too.
#[derive(Debug)]
pub struct SseParser {
    bytes_max: usize,
    /// Of the line that is not complete.
    line: Vec<u8>,
    /// Whether the last byte was a CR, whose LF may follow in the next piece.
    after_cr: bool,
    at_start: bool,
    frame: Frame,
    has_data: bool,
}

const BYTE_ORDER_MARK: &str = "\u{feff}";

impl SseParser {
    /// Keeps events of up to so many bytes.
    pub fn new(bytes_max: usize) -> Self {
        Self {
            bytes_max,
            line: Vec::new(),
            after_cr: false,
            at_start: true,
            frame: Frame::default(),
            has_data: false,
        }
    }

    /// Takes a piece, and gives the events that it completed.
    ///
    /// # Errors
    /// An event is too long. What was complete before it is lost, and so is the stream.
    pub fn push(&mut self, piece: &[u8]) -> Result<Vec<Frame>, FrameTooLong> {
        let mut frames = Vec::new();
        for &byte in piece {
            let is_rest_of_end = std::mem::take(&mut self.after_cr) && byte == b'\n';
            match byte {
                b'\n' if is_rest_of_end => {}
                b'\n' | b'\r' => {
                    self.after_cr = byte == b'\r';
                    let line = std::mem::take(&mut self.line);
                    frames.extend(self.end_of_line(&line));
                }
                _ => self.line.push(byte),
            }
            if self.line.len() + self.frame.data.len() > self.bytes_max {
                return Err(FrameTooLong(self.bytes_max));
            }
        }
        Ok(frames)
    }

    /// The event that the stream ended within, if it had data: servers that go often forget the last empty line.
    pub fn finish(mut self) -> Option<Frame> {
        let line = std::mem::take(&mut self.line);
        self.end_of_line(&line).or_else(|| self.end_of_line(b""))
    }

    fn end_of_line(&mut self, line: &[u8]) -> Option<Frame> {
        // A line is whole here, so no character is cut.
        let text = String::from_utf8_lossy(line);
        let mut text = text.as_ref();
        if std::mem::take(&mut self.at_start) {
            text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        }
        if text.is_empty() {
            let frame = std::mem::take(&mut self.frame);
            return std::mem::take(&mut self.has_data).then_some(frame);
        }
        let (field, value) = text.split_once(':').unwrap_or((text, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.frame.data.push('\n');
                }
                self.frame.data.push_str(value);
            }
            "event" => self.frame.event = Some(value.to_owned()).filter(|name| !name.is_empty()),
            "id" => self.frame.id = Some(value.to_owned()).filter(|id| !id.contains('\0')),
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STREAM: &str = "\u{feff}: hello\r\nevent: greeting\r\ndata: Grüße\r\ndata:  an alle\r\n\r\ndata\n\nid: 7\nretry: 1\n\n\
        id: 8\ndata: {\"a\":1}\r\r: keep-alive\n\ndata:last";

    fn expected() -> Vec<Frame> {
        let frame = |event: Option<&str>, data: &str| Frame {
            event: event.map(str::to_owned),
            id: None,
            data: data.to_owned(),
        };
        let numbered = |id: &str, data: &str| Frame { id: Some(id.to_owned()), ..frame(None, data) };
        vec![
            frame(Some("greeting"), "Grüße\n an alle"),
            frame(None, ""),
            numbered("8", "{\"a\":1}"),
            frame(None, "last"),
        ]
    }

    fn read(pieces: impl IntoIterator<Item = Vec<u8>>) -> Vec<Frame> {
        let mut parser = SseParser::new(1_000);
        let mut frames: Vec<Frame> =
            pieces.into_iter().flat_map(|piece| parser.push(&piece).unwrap()).collect();
        frames.extend(parser.finish());
        frames
    }

    #[test]
    fn events_are_read_as_the_standard_says() {
        assert_eq!(read([STREAM.as_bytes().to_vec()]), expected());
        assert_eq!(read(STREAM.bytes().map(|byte| vec![byte])), expected());
        assert_eq!(read([b"data: a\n\n".to_vec()]).len(), 1);
        assert!(read([b": only a comment\n\n".to_vec()]).is_empty());
    }

    proptest! {
        #[test]
        fn it_does_not_matter_where_the_bytes_are_cut(cuts in prop::collection::vec(0..STREAM.len(), 0..20)) {
            let mut cuts = cuts;
            cuts.extend([0, STREAM.len()]);
            cuts.sort_unstable();
            let pieces = cuts.windows(2).map(|pair| STREAM.as_bytes()[pair[0]..pair[1]].to_vec());
            prop_assert_eq!(read(pieces), expected());
        }

        #[test]
        fn no_bytes_make_it_fail(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..10)) {
            let mut parser = SseParser::new(100);
            for piece in pieces {
                let _ = parser.push(&piece);
            }
            let _ = parser.finish();
        }
    }

    #[test]
    fn an_event_without_end_is_refused() {
        let mut parser = SseParser::new(10);
        assert!(parser.push(b"data: 1234").is_ok());
        assert_eq!(parser.push(b"5"), Err(FrameTooLong(10)));
        let mut parser = SseParser::new(10);
        assert_eq!(parser.push(b"data:12\ndata:34\ndata:56\ndata:78\ndata:90\n"), Err(FrameTooLong(10)));
    }
}
