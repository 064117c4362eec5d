//! A call under way: events as they happen, repetitions where nobody has seen anything yet, and at the end a report.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::account::Account;
use super::budget::{Budget, BudgetExceeded, BudgetScope, Ceiling, Charge};
use super::call_report::{Attempt, CallReport, Ending, milliseconds};
use super::cost::CostFact;
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
    /// The call is not made again, because a budget does not allow one more attempt.
    RetryRefused(BudgetExceeded),
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
    /// Of calls of tools that are not complete.
    coming_bytes: usize,
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
    /// Every attempt must fit into them, with all that were charged before it.
    budgets: Vec<Budget>,
    /// Of the attempts that are over. Those that brought no answer may cost something, too.
    charged: Charge,
    /// Of the last attempt that a provider took.
    account: Option<Account>,
    started: Instant,
    heard: Instant,
    first_token: Option<Instant>,
    prompt_hash: String,
    _permit: OwnedSemaphorePermit,
}

impl ModelCall {
    /// Asks the first of `targets`, which `budgets` have admitted; all repetitions go to the last.
    pub(super) fn start(
        targets: Vec<Target>,
        limits: CallLimits,
        retries: RetryPolicy,
        events: VecDeque<CallEvent>,
        budgets: Vec<Budget>,
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
            budgets,
            charged: Charge::NONE,
            account: None,
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
                    self.switch();
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
        // It may be over, and nobody has asked yet.
        if let Some(CallEvent::Ended(report)) = self.events.pop_back() {
            return *report;
        }
        match std::mem::replace(&mut self.state, State::Over) {
            State::Opening(_) | State::Streaming(_) => self.attempted(None),
            State::Waiting(_) | State::Over => {}
        }
        let so_far = self.book(UnknownUsage::NotFinished);
        self.report(Ending::Cancelled, so_far)
    }

    fn over_at(&self) -> Instant {
        self.started + self.limits.call_timeout
    }

    fn target(&self) -> Option<&Target> {
        self.targets.get(self.at)
    }

    /// Goes on to the next model, if there is one.
    fn switch(&mut self) {
        if let (Some(from), Some(to)) = (self.target(), self.targets.get(self.at + 1)) {
            let (from, to) = (from.request.model.clone(), to.request.model.clone());
            let attempt = self.attempts_made() + 1;
            self.events.push_back(CallEvent::ModelSwitched { from, to, attempt });
            self.at += 1;
        }
    }

    fn attempts_made(&self) -> u32 {
        u32::try_from(self.attempts.len()).unwrap_or(u32::MAX)
    }

    fn open(&mut self) {
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
            Delta::Accepted { .. } | Delta::Progress { .. } | Delta::Usage(_) | Delta::Finished(_) => 0,
        };
        let so_far = &mut self.so_far;
        so_far.bytes += length;
        match &delta {
            Delta::Progress { bytes } => so_far.coming_bytes += bytes,
            // What is complete was coming before.
            Delta::ToolCall(_) => so_far.coming_bytes = so_far.coming_bytes.saturating_sub(length),
            Delta::Text(_)
            | Delta::Reasoning(_)
            | Delta::Accepted { .. }
            | Delta::Usage(_)
            | Delta::Finished(_) => {}
        }
        if so_far.bytes + so_far.coming_bytes > ANSWER_BYTES_MAX {
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
            Delta::Progress { .. } => {}
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
        let so_far = self.book(UnknownUsage::NotStated);
        self.end(Ending::Finished(reason), so_far);
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
        let so_far = self.book(UnknownUsage::NotFinished);
        let made = self.attempts_made();
        let delay = self.retries.delay(made, &failure, rand::random());
        // Waiting beyond the end of the call would only hide why it failed.
        let again = delay.map(|delay| (delay, Instant::now() + delay)).filter(|(_, at)| *at < self.over_at());
        let Some((retry_in, at)) = again.filter(|_| !so_far.was_seen()) else {
            return self.end(Ending::Failed(failure), so_far);
        };
        if let Err(exceeded) = self.admitted() {
            self.events.push_back(CallEvent::RetryRefused(exceeded));
            return self.end(Ending::Failed(failure), so_far);
        }
        let attempts_max = self.retries.attempts_max;
        self.events.push_back(CallEvent::RetryScheduled { attempt: made, attempts_max, retry_in });
        self.state = State::Waiting(at);
    }

    /// Whether every budget allows one more attempt.
    fn admitted(&self) -> Result<(), BudgetExceeded> {
        let next = self.targets.get(self.at + 1).or_else(|| self.target());
        let Some(most) = next.map(|target| target.ceiling.after(&self.charged)) else { return Ok(()) };
        self.budgets.iter().try_for_each(|budget| budget.admit(&most).map(|_| ()))
    }

    /// Closes the account of the attempt under way, and gives what came of it. Doing it twice is doing it once.
    fn book(&mut self, because: UnknownUsage) -> SoFar {
        let so_far = std::mem::take(&mut self.so_far);
        if let (true, Some(target)) = (so_far.is_accepted, self.target()) {
            let model = &target.request.model;
            let account = Account::of(target.pricing, model, target.ceiling, so_far.usage, because);
            self.charged = self.charged.plus(account.charge);
            self.account = Some(account);
        }
        so_far
    }

    fn attempted(&mut self, failure: Option<ProviderError>) {
        let Some(target) = self.target() else { return };
        let (provider, model) = (target.provider.name().to_owned(), target.request.model.clone());
        self.attempts.push(Attempt { provider, model, failure });
    }

    fn end(&mut self, ending: Ending, so_far: SoFar) {
        self.state = State::Over;
        let report = self.report(ending, so_far);
        self.events.push_back(CallEvent::Ended(Box::new(report)));
    }

    fn report(&self, ending: Ending, so_far: SoFar) -> CallReport {
        let ended = Instant::now();
        let (usage, cost) = match &self.account {
            Some(account) => (account.usage, account.cost.clone()),
            None => (UsageFact::Unknown { because: UnknownUsage::NotAccepted }, CostFact::NotCalled),
        };
        let target = self.target();
        let request = target.map(|target| &target.request);
        CallReport {
            charge: self.charged,
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
}

impl fmt::Debug for ModelCall {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let model = self.target().map(|target| target.request.model.as_str());
        formatter.debug_struct("ModelCall").field("model", &model).finish_non_exhaustive()
    }
}
