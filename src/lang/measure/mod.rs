//! What a run measures and what the names mean: protocols, metrics, image scores, masks. Words only, no computation.
//!
//! Published numbers differ because two tools mean different things by one name. Here each meaning is a value of a type
//! that a spec states, a report prints and `evaluate` obeys. This room knows no tensor, no image and no file.

mod image_score;
mod mask_resize;
mod metric;
mod protocol;

pub use image_score::ImageScore;
pub use mask_resize::MaskResize;
pub use metric::Metric;
pub use protocol::{AnomalousImage, BelowChance, Curve, Peak, ProCurve, Protocol, ProtocolName};

/// The false-positive rate up to which PRO is integrated where nothing else is said (Bergmann et al., 2020).
pub const PRO_LIMIT: f64 = 0.3;

/// What is measured: the `measure { .. }` of a spec, or what a command line says.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    /// Whose rules hold.
    pub protocol: ProtocolName,
    /// The metrics, in the order in which they are shown; no metric twice.
    pub metrics: Vec<Metric>,
    /// PRO is integrated up to this false-positive rate: above 0, at most 1.
    pub pro_limit: f64,
    /// How an image is scored, if not as the protocol says.
    pub image_score: Option<ImageScore>,
}

impl Default for Measure {
    fn default() -> Self {
        Self { protocol: ProtocolName::Exact, metrics: Metric::USUAL.to_vec(), pro_limit: PRO_LIMIT, image_score: None }
    }
}

impl Measure {
    /// The same metrics under the rules of another protocol, which also says how an image is scored.
    #[must_use]
    pub fn under(&self, protocol: ProtocolName) -> Self {
        let image_score = self.image_score.filter(|_| protocol == self.protocol);
        Self { protocol, image_score, ..self.clone() }
    }

    /// What is measured by each of these protocols, or as it is if there are none. A protocol counts once.
    #[must_use]
    pub fn by(&self, protocols: &[ProtocolName]) -> Vec<Self> {
        if protocols.is_empty() {
            return vec![self.clone()];
        }
        let first = |(at, protocol): &(usize, &ProtocolName)| !protocols[..*at].contains(protocol);
        protocols.iter().enumerate().filter(first).map(|(_, &protocol)| self.under(protocol)).collect()
    }

    /// How an image is scored.
    #[must_use]
    pub fn image_score(&self) -> ImageScore {
        self.image_score.unwrap_or(self.protocol.rules().image_score)
    }

    /// What the numbers mean, in words, one paragraph each.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let rules = self.protocol.rules();
        let [opening, rest @ ..] = rules.words;
        let mut words = vec![format!("Protocol `{}`: {opening}", self.protocol.name())];
        words.extend(rest.iter().map(|&paragraph| paragraph.to_owned()));
        words.push(format!("An image's score is {}.", self.image_score().words()));
        words.push(format!(
            "The mask of an image is brought to the size of its map {}. PRO is integrated up to a false-positive rate \
             of {}.",
            rules.mask.words(),
            self.pro_limit
        ));
        words.push("A mean is over the classes in which the metric is defined, each with the same weight.".to_owned());
        words
    }
}
