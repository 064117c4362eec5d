//! A call under way: events as they happen, repetitions where nobody has seen anything yet, and at the end a report.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::budget::{BudgetScope, Ceiling, Charge};
use super::call_report::{Attempt, CallReport, Ending, milliseconds};
use super::cost::{Cost, CostFact, UnknownCost};
use super::error::ProviderError;
use super::message::ToolCall;
use super::prices::Pricing;
use super::provider::{Delta, Deltas, FinishReason, Provider, Request};
use super::retry::RetryPolicy;
use super::settle::Adjustment;
use super::usage::{UnknownUsage, Usage, UsageFact};

/// Longest answer in bytes: text, reasoning and arguments of tools together.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// How long a call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallLimits {
    /// Longest silence before the first token and between tokens.
    pub silence_max: Duration,
    /// Longest call, repetitions included.
    pub call_timeout: Duration,
}

/// What happens during a call.
#[derive(Debug, Clone, PartialEq)]
pub enum CallEvent {
    /// A budget that allowed the call is nearly exhausted.
    BudgetNear {
        /// Whose budget.
        scope: BudgetScope,
        /// How much of it is spent.
        used_percent: u8,
    },
    /// A provider took the request. Once for each attempt that came so far.
    Accepted {
        /// Its name in the configuration.
        provider: String,
        /// Its name for the answer.
        response_id: Option<String>,
    },
    /// More of the text.
    Text(String),
    /// More of what the model shows of its thinking.
    Reasoning(String),
    /// A call of a tool, complete.
    ToolCall(ToolCall),
    /// The call is made again.
    RetryScheduled {
        /// The number of the attempt that failed, from 1.
        attempt: u32,
        /// Most attempts.
        attempts_max: u32,
        /// When.
        retry_in: Duration,
    },
    /// Another model is asked.
    ModelSwitched {
        /// The model before.
        from: String,
        /// The model from now on.
        to: String,
        /// The number of the attempt that it makes.
        attempt: u32,
    },
    /// It is over. Always the last event, and only once.
    Ended(Box<CallReport>),
}

/// A provider and what it is asked.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub provider: Arc<dyn Provider>,
    pub pricing: Pricing,
    pub request: Arc<Request>,
    pub adjustments: Vec<Adjustment>,
    /// The most that an attempt can use.
    pub ceiling: Ceiling,
}

enum State {
    Opening(BoxFuture<'static, Result<Deltas, ProviderError>>),
    Streaming(Deltas),
    Waiting(Instant),
    Over,
}

/// What came of the attempt under way.
#[derive(Default)]
struct SoFar {
    is_accepted: bool,
    response_id: Option<String>,
    model_used: Option<String>,
    text: String,
    reasoning: String,
    tool_calls: Vec<ToolCall>,
    usage: Option<Usage>,
    bytes: usize,
}

impl SoFar {
    /// Whether the caller has seen a part of an answer, after which nothing is repeated.
    const fn was_seen(&self) -> bool {
        self.bytes > 0
    }
}

/// A call under way. Dropping it ends the request at once.
pub struct ModelCall {
    targets: Vec<Target>,
    at: usize,
    limits: CallLimits,
    retries: RetryPolicy,
    state: State,
    events: VecDeque<CallEvent>,
    so_far: SoFar,
    attempts: Vec<Attempt>,
    /// Of attempts that were accepted and failed: they may cost something, too.
    lost: Vec<Ceiling>,
    started: Instant,
    heard: Instant,
    first_token: Option<Instant>,
    prompt_hash: String,
    _permit: OwnedSemaphorePermit,
}

impl ModelCall {
    /// Asks the first of `targets`; all repetitions go to the last.
    pub(super) fn start(
        targets: Vec<Target>,
        limits: CallLimits,
        retries: RetryPolicy,
        events: VecDeque<CallEvent>,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        let now = Instant::now();
        let prompt_hash = targets.first().map(|target| target.request.prompt.hash()).unwrap_or_default();
        let mut call = Self {
            targets,
            at: 0,
            limits,
            retries,
            state: State::Over,
            events,
            so_far: SoFar::default(),
            attempts: Vec::new(),
            lost: Vec::new(),
            started: now,
            heard: now,
            first_token: None,
            prompt_hash,
            _permit: permit,
        };
        call.open();
        call
    }

    /// The next event; none after [`CallEvent::Ended`]. May be dropped while it waits, and asked for again.
    pub async fn next(&mut self) -> Option<CallEvent> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            let deadline = (self.heard + self.limits.silence_max).min(self.over_at());
            match &mut self.state {
                State::Over => return None,
                State::Waiting(until) => {
                    sleep_until(*until).await;
                    self.open();
                }
                State::Opening(opening) => match timeout_at(deadline, opening).await {
                    Ok(Ok(deltas)) => {
                        self.so_far.is_accepted = true;
                        self.state = State::Streaming(deltas);
                    }
                    Ok(Err(failure)) => self.failed(failure),
                    Err(_) => self.timed_out(),
                },
                State::Streaming(deltas) => match timeout_at(deadline, deltas.next()).await {
                    Ok(Some(Ok(delta))) => self.take(delta),
                    Ok(Some(Err(failure))) => self.failed(failure),
                    Ok(None) => {
                        self.failed(ProviderError::Cut { message: "it has no end".to_owned() });
                    }
                    Err(_) => self.timed_out(),
                },
            }
        }
    }

    /// Waits for the end; nobody wants the parts.
    pub async fn complete(mut self) -> CallReport {
        while let Some(event) = self.next().await {
            if let CallEvent::Ended(report) = event {
                return *report;
            }
        }
        self.cancel()
    }

    /// Ends the request at once, and says what came of it.
    pub fn cancel(mut self) -> CallReport {
        self.state = State::Over;
        self.attempted(None);
        self.report(Ending::Cancelled)
    }

    fn over_at(&self) -> Instant {
        self.started + self.limits.call_timeout
    }

    fn target(&self) -> Option<&Target> {
        self.targets.get(self.at)
    }

    fn open(&mut self) {
        self.so_far = SoFar::default();
        self.heard = Instant::now();
        self.state = match self.target() {
            Some(target) => State::Opening(target.provider.stream(target.request.clone())),
            None => State::Over,
        };
    }

    fn take(&mut self, delta: Delta) {
        self.heard = Instant::now();
        let length = match &delta {
            Delta::Text(text) | Delta::Reasoning(text) => text.len(),
            Delta::ToolCall(call) => call.name.len() + call.arguments.len(),
            Delta::Accepted { .. } | Delta::Usage(_) | Delta::Finished(_) => 0,
        };
        self.so_far.bytes += length;
        if self.so_far.bytes > ANSWER_BYTES_MAX {
            return self.failed(ProviderError::TooLong { bytes_max: ANSWER_BYTES_MAX });
        }
        if length > 0 {
            self.first_token.get_or_insert(self.heard);
        }
        match delta {
            Delta::Accepted { response_id, model } => {
                self.so_far.response_id.clone_from(&response_id);
                self.so_far.model_used = model;
                let provider = self.target().map(|target| target.provider.name().to_owned());
                let provider = provider.unwrap_or_default();
                self.events.push_back(CallEvent::Accepted { provider, response_id });
            }
            Delta::Text(text) => {
                self.so_far.text.push_str(&text);
                self.events.push_back(CallEvent::Text(text));
            }
            Delta::Reasoning(text) => {
                self.so_far.reasoning.push_str(&text);
                self.events.push_back(CallEvent::Reasoning(text));
            }
            Delta::ToolCall(call) => {
                self.so_far.tool_calls.push(call.clone());
                self.events.push_back(CallEvent::ToolCall(call));
            }
            Delta::Usage(usage) => self.so_far.usage = Some(usage),
            Delta::Finished(reason) => self.finished(reason),
        }
    }

    fn finished(&mut self, reason: FinishReason) {
        let has_answer = !self.so_far.text.is_empty() || !self.so_far.tool_calls.is_empty();
        if !has_answer {
            return self.failed(match reason {
                FinishReason::ContentFilter => {
                    ProviderError::Refused { message: "it filtered the whole answer".to_owned() }
                }
                FinishReason::Length => {
                    ProviderError::Incomplete { reason: "no token was left for an answer".to_owned() }
                }
                FinishReason::Stop | FinishReason::ToolCalls => {
                    ProviderError::Incomplete { reason: "it is empty".to_owned() }
                }
                FinishReason::Other(word) => ProviderError::Incomplete { reason: word },
            });
        }
        self.attempted(None);
        self.end(Ending::Finished(reason));
    }

    fn timed_out(&mut self) {
        let CallLimits { silence_max, call_timeout } = self.limits;
        let failure = match Instant::now() >= self.over_at() {
            true => ProviderError::TooSlow { after: call_timeout },
            false => ProviderError::Silent { after: silence_max },
        };
        self.failed(failure);
    }

    fn failed(&mut self, failure: ProviderError) {
        // The connection goes first: nothing of it is wanted any more.
        self.state = State::Over;
        self.attempted(Some(failure.clone()));
        let made = u32::try_from(self.attempts.len()).unwrap_or(u32::MAX);
        let delay = self.retries.delay(made, &failure, rand::random());
        // Waiting beyond the end of the call would only hide why it failed.
        let again = delay.map(|delay| (delay, Instant::now() + delay)).filter(|(_, at)| *at < self.over_at());
        let Some((retry_in, at)) = again.filter(|_| !self.so_far.was_seen()) else {
            return self.end(Ending::Failed(failure));
        };
        if let (true, Some(target)) = (self.so_far.is_accepted, self.target()) {
            self.lost.push(target.ceiling);
        }
        let attempts_max = self.retries.attempts_max;
        self.events.push_back(CallEvent::RetryScheduled { attempt: made, attempts_max, retry_in });
        if let (Some(from), Some(to)) = (self.target(), self.targets.get(self.at + 1)) {
            let (from, to) = (from.request.model.clone(), to.request.model.clone());
            self.events.push_back(CallEvent::ModelSwitched { from, to, attempt: made + 1 });
            self.at += 1;
        }
        self.state = State::Waiting(at);
    }

    fn attempted(&mut self, failure: Option<ProviderError>) {
        let Some(target) = self.target() else { return };
        let (provider, model) = (target.provider.name().to_owned(), target.request.model.clone());
        self.attempts.push(Attempt { provider, model, failure });
    }

    fn end(&mut self, ending: Ending) {
        self.state = State::Over;
        let report = self.report(ending);
        self.events.push_back(CallEvent::Ended(Box::new(report)));
    }

    fn report(&mut self, ending: Ending) -> CallReport {
        let so_far = std::mem::take(&mut self.so_far);
        let ended = Instant::now();
        let usage = match (so_far.usage, &ending) {
            (Some(usage), _) => UsageFact::Stated(usage),
            (None, _) if !so_far.is_accepted => UsageFact::Unknown { because: UnknownUsage::NotAccepted },
            (None, Ending::Finished(_)) => UsageFact::Unknown { because: UnknownUsage::NotStated },
            (None, Ending::Failed(_) | Ending::Cancelled) => {
                UsageFact::Unknown { because: UnknownUsage::NotFinished }
            }
        };
        let target = self.target();
        let cost = match (&usage, target) {
            (UsageFact::Stated(usage), Some(target)) => target.pricing.cost(&target.request.model, usage),
            (UsageFact::Unknown { because: UnknownUsage::NotAccepted }, _) => CostFact::NotCalled,
            (UsageFact::Stated(_) | UsageFact::Unknown { .. }, _) => {
                CostFact::Unknown { because: UnknownCost::UsageUnknown }
            }
        };
        let request = target.map(|target| &target.request);
        CallReport {
            charge: self.charge(so_far.is_accepted, &usage, &cost),
            provider: target.map(|target| target.provider.name().to_owned()).unwrap_or_default(),
            model_asked: request.map(|request| request.model.clone()).unwrap_or_default(),
            model_used: so_far.model_used,
            fallback_used: self.at > 0,
            response_id: so_far.response_id,
            parameters: request.map(|request| request.parameters.clone()).unwrap_or_default(),
            adjustments: target.map(|target| target.adjustments.clone()).unwrap_or_default(),
            prompt_hash: self.prompt_hash.clone(),
            tools: request
                .into_iter()
                .flat_map(|it| &it.prompt.tools)
                .map(|tool| tool.name.clone())
                .collect(),
            text: so_far.text,
            reasoning: so_far.reasoning,
            tool_calls: so_far.tool_calls,
            ending,
            usage,
            cost,
            attempts: self.attempts.clone(),
            first_token_ms: self.first_token.map(|at| milliseconds(at - self.started)),
            total_ms: milliseconds(ended - self.started),
        }
    }

    /// What the provider said was used, or the most that can have been; and the most for each attempt that was lost.
    fn charge(&self, is_accepted: bool, usage: &UsageFact, cost: &CostFact) -> Charge {
        let unknown = match usage {
            UsageFact::Unknown { .. } if is_accepted => self.target().map(|target| target.ceiling),
            UsageFact::Stated(_) | UsageFact::Unknown { .. } => None,
        };
        let guessed: Vec<Ceiling> = self.lost.iter().copied().chain(unknown).collect();
        let known = match usage {
            UsageFact::Stated(_) => cost.amount(),
            UsageFact::Unknown { .. } => Some(Cost::ZERO),
        };
        let sum = |sum: Option<Cost>, ceiling: &Ceiling| Some(sum?.plus(ceiling.cost?));
        let tokens = usage.stated().map_or(0, Usage::total_tokens);
        Charge {
            cost: guessed.iter().fold(known, sum),
            tokens: guessed.iter().fold(tokens, |sum, ceiling| sum.saturating_add(ceiling.tokens)),
            is_call: is_accepted || !self.lost.is_empty(),
            is_exact: guessed.is_empty(),
        }
    }
}

impl fmt::Debug for ModelCall {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let model = self.target().map(|target| target.request.model.as_str());
        formatter.debug_struct("ModelCall").field("model", &model).finish_non_exhaustive()
    }
}
