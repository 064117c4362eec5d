//! Load over HTTP/1.1 connections that are kept: as fast as they are answered, or at a given rate.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::report::percentile;

/// What one measurement gave.
#[derive(Debug, Clone, Copy, Default)]
pub struct Measured {
    /// Answers a second.
    pub rate: f64,
    /// Median time of an answer in microseconds.
    pub p50_us: f64,
    /// Time within which 99 of 100 answers came, in microseconds.
    pub p99_us: f64,
}

/// Requests to one server, sent in turns.
#[derive(Debug, Clone)]
pub struct Load {
    address: SocketAddr,
    requests: Arc<[Vec<u8>]>,
    /// Statuses that are no failure of the bench.
    expected: &'static [&'static str],
}

impl Load {
    /// GET requests for `paths`, with a bearer token where there is one.
    pub fn new(address: SocketAddr, paths: &[String], token: Option<&str>) -> Self {
        let authorization =
            token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
        let request = |path: &String| {
            format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n{authorization}\r\n").into_bytes()
        };
        Self { address, requests: paths.iter().map(request).collect(), expected: &["200"] }
    }

    /// POST requests of one JSON body, which are to be answered with one of these statuses.
    pub fn posting(address: SocketAddr, path: &str, body: &str, expected: &'static [&'static str]) -> Self {
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
        Self { address, requests: [request.into_bytes()].into(), expected }
    }

    /// Each connection asks as soon as it was answered.
    pub async fn at_most(&self, connections: usize, time: Duration) -> anyhow::Result<Measured> {
        self.drive(connections, time, None).await
    }

    /// All connections together ask `rate` times a second, whether or not the server keeps up: the time of an answer
    /// counts from when it was to be asked for.
    pub async fn at_rate(&self, rate: f64, connections: usize, time: Duration) -> anyhow::Result<Measured> {
        self.drive(connections, time, Some(Duration::from_secs_f64(connections as f64 / rate))).await
    }

    async fn drive(
        &self,
        connections: usize,
        time: Duration,
        pause: Option<Duration>,
    ) -> anyhow::Result<Measured> {
        let begin = Instant::now();
        let mut asking = JoinSet::new();
        for number in 0..connections {
            let load = self.clone();
            // Connections take turns within the pause, rather than all asking at once.
            let first = pause.map(|pause| begin + pause.mul_f64(number as f64 / connections as f64));
            asking.spawn(async move { load.connection(number, begin + time, first, pause).await });
        }
        let mut times_us = Vec::new();
        while let Some(asked) = asking.join_next().await {
            times_us.extend(asked.context("a connection of the load")??);
        }
        let rate = times_us.len() as f64 / begin.elapsed().as_secs_f64();
        Ok(Measured { rate, p50_us: percentile(&mut times_us, 0.5), p99_us: percentile(&mut times_us, 0.99) })
    }

    async fn connection(
        &self,
        number: usize,
        end: Instant,
        first: Option<Instant>,
        pause: Option<Duration>,
    ) -> anyhow::Result<Vec<f64>> {
        let mut stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let mut times_us = Vec::new();
        let mut answer = Vec::new();
        let mut due = first;
        for request in self.requests.iter().cycle().skip(number) {
            if let Some(due) = due {
                tokio::time::sleep_until(due.into()).await;
            }
            let asked = due.unwrap_or_else(Instant::now);
            if asked >= end {
                break;
            }
            stream.write_all(request).await?;
            read_answer(&mut stream, &mut answer, self.expected).await?;
            times_us.push(asked.elapsed().as_secs_f64() * 1e6);
            due = due.zip(pause).map(|(due, pause)| due + pause);
        }
        Ok(times_us)
    }
}

/// Reads one answer whole; a status that was not expected is a failure of the bench.
async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>, expected: &[&str]) -> anyhow::Result<()> {
    const HEAD_END: &[u8] = b"\r\n\r\n";
    buffer.clear();
    let head = loop {
        if stream.read_buf(buffer).await? == 0 {
            bail!("the server closed a connection");
        }
        if let Some(at) = buffer.windows(HEAD_END.len()).position(|window| window == HEAD_END) {
            break at + HEAD_END.len();
        }
    };
    let text = String::from_utf8_lossy(buffer.get(..head).unwrap_or_default()).to_ascii_lowercase();
    let status = text.split(' ').nth(1).unwrap_or_default();
    if !expected.contains(&status) {
        bail!("the server answered {}", text.lines().next().unwrap_or_default());
    }
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:")).map(str::trim);
    let length: usize = length.context("an answer without a length")?.parse()?;
    while buffer.len() < head + length {
        if stream.read_buf(buffer).await? == 0 {
            bail!("the server closed a connection");
        }
    }
    Ok(())
}
