//! Which events a list or a tail is about.

use events::StreamName;
use events::log::Filter;
use utoipa::IntoParams;

use crate::http::query::Parameters;

/// Which events; all of them where nothing is named.
#[derive(Debug, Clone, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Only streams of this category.
    #[param(example = "run")]
    category: Option<String>,
    /// Only events of these types, separated by commas.
    #[param(rename = "type", value_type = Option<String>, example = "RunRequested,RunCompleted")]
    event_types: Vec<String>,
    /// Only this stream.
    #[param(value_type = Option<String>)]
    stream: Option<StreamName>,
}

impl Which {
    /// Reads `category`, `type` and `stream`.
    pub fn read(parameters: &mut Parameters) -> Self {
        Self {
            category: parameters.optional("category"),
            event_types: parameters.list("type").unwrap_or_default(),
            stream: parameters.optional("stream"),
        }
    }

    /// The same for the log.
    pub fn filter(self) -> Filter {
        Filter {
            categories: self.category.into_iter().collect(),
            event_types: self.event_types,
            stream: self.stream,
        }
    }
}
