//! Section `nats`.

use serde::{Deserialize, Serialize};

use super::SecretUrl;

/// Where ticks and batch commands travel.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NatsConfig {
    /// `nats://user:password@host:4222`, also from `NATS_URL`. Default none: a private nats-server with JetStream is
    /// started in the data folder.
    pub url: Option<SecretUrl>,
}
