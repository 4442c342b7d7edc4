//! The sections that a model can have, such as `data { .. }` and `training NAME { .. }`: one row for each.
//!
//! The row says by which word a section begins, what it names, what it holds, and what each of its settings means. The
//! keywords, the tree, completion, hover and the checks of names are all made from these rows. What a section means for
//! a run is not known here: the file of `check` that its variant names reads it.

/// A section of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Section {
    /// How an image gets its anomaly map and its score. Read by `check/model/mod.rs`.
    Score,
    /// How stored tensors of a part are computed of all training images. Read by `check/model/fit.rs`.
    Fit,
    /// How objectives are trained. Read by `check/model/settings.rs`.
    Training,
    /// How images and masks reach the model. Read by `check/model/image_format.rs`.
    Data,
    /// Other images for objectives. Read by `check/model/source.rs`.
    Source,
    /// What a run measures. Read by `check/model/measure.rs`.
    Measure,
}

/// What there is to know about a section.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The word by which it begins.
    pub word: &'static str,
    /// What stands between that word and the braces.
    pub names: Names,
    /// What stands in the braces.
    pub holds: Holds,
    /// What it is for, in a sentence.
    pub doc: &'static str,
}

/// What a section names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// Nothing: a model has one such section at most, and one `from` another replaces it by its own.
    Nothing,
    /// Objectives of the model: it can have several such sections. If a model `from` another has one, it keeps none of
    /// the other's.
    Objectives,
    /// A part of the model: it can have one such section for each.
    Part,
    /// Something new, by which objectives know it.
    New,
}

/// What a section holds.
#[derive(Clone, Copy, Debug)]
pub enum Holds {
    /// Parameters and the body of a function.
    Function,
    /// Settings, each given at most once.
    Settings(&'static [Known]),
}

/// A setting that a section knows.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Its name.
    pub name: &'static str,
    /// What it means, in a line.
    pub doc: &'static str,
    /// Whether its value is made of words that only this section knows. They are written bare, and no name of the spec can
    /// stand for one; a string, written or computed, that holds the word is the word.
    pub has_own_words: bool,
}

impl Section {
    /// All sections, in the order in which messages list them.
    pub const ALL: [Section; 6] =
        [Section::Score, Section::Fit, Section::Training, Section::Data, Section::Source, Section::Measure];

    /// The section with a word.
    #[must_use]
    pub fn named(word: &str) -> Option<Section> {
        Section::ALL.into_iter().find(|section| section.word() == word)
    }

    /// The word by which it begins.
    #[must_use]
    pub const fn word(self) -> &'static str {
        self.row().word
    }

    /// The settings that it knows; none if it holds a function.
    #[must_use]
    pub const fn settings(self) -> &'static [Known] {
        match self.row().holds {
            Holds::Function => &[],
            Holds::Settings(settings) => settings,
        }
    }

    /// The setting with a name.
    #[must_use]
    pub fn setting(self, name: &str) -> Option<&'static Known> {
        self.settings().iter().find(|known| known.name == name)
    }

    /// Which section has a setting, in words.
    #[must_use]
    pub fn of_setting(name: &str) -> Option<String> {
        let section = Section::ALL.into_iter().find(|section| section.setting(name).is_some())?;
        Some(format!("`{name}` is a setting of `{}`", section.word()))
    }

    /// All that there is to know about it.
    #[must_use]
    pub const fn row(self) -> Row {
        match self {
            Section::Score => SCORE,
            Section::Fit => FIT,
            Section::Training => TRAINING,
            Section::Data => DATA,
            Section::Source => SOURCE,
            Section::Measure => MEASURE,
        }
    }
}

/// The learning rate of a training, which is a number of its optimizer. It can be set from outside as if it were a setting.
pub const LEARNING_RATE: Known = value("lr", "The learning rate: that number of the optimizer.");

const SCORE: Row = Row {
    word: "score",
    names: Names::Nothing,
    holds: Holds::Function,
    doc: "How an image gets its anomaly map and its score: a record `{map: .., value: ..}`, and further images to show.",
};

const FIT: Row = Row {
    word: "fit",
    names: Names::Part,
    holds: Holds::Function,
    doc: "How stored tensors of a part are computed, without gradients: `image` is the whole training set. The result is \
          a record with the place of each.",
};

const TRAINING: Row = Row {
    word: "training",
    names: Names::Objectives,
    holds: Holds::Settings(&[
        value("optimizer", "The optimizer, as in `adamw(lr: 1e-4)`. Must be given."),
        value("optimizers", "Those of parts that have their own, as in `{ critic: adam(lr: 2e-4) }`."),
        value(
            "schedule",
            "How the learning rate changes, as in `cosine_schedule(warmup: 100)`; without it the rate stays.",
        ),
        value("batch", "Images in a batch. Must be given."),
        value("accumulate", "Batches for one step of the optimizer; 1 unless given."),
        value("inner", "Steps of the optimizer on each batch, one after the other; 1 unless given."),
        value("epochs", "How often all training images are seen. This or `steps` must be given."),
        value("steps", "How many steps the optimizer takes. This or `epochs` must be given."),
        value("clip_norm", "The largest norm of all gradients together; larger ones are scaled down to it."),
        value("recompute", "`true`: keeps less for the gradients and computes it again, to the same bits; slower."),
        value(
            "average",
            "The share of a running average of the weights that stays in each step, as in `0.999`: the averages remain.",
        ),
        value("keep", "Which weights remain: `best(of: ..)`, by held-out training images; the last ones unless given."),
    ]),
    doc: "How objectives are trained: one, or several that take turns.",
};

const DATA: Row = Row {
    word: "data",
    names: Names::Nothing,
    holds: Holds::Settings(&[
        SIZE,
        MEAN,
        STD,
        FILTER,
        STRETCH,
        SHORTER,
        words("mask", "Which pixels of a mask are anomalous: `above_zero` or `above_half`; else the data set decides."),
        FLIP,
        ROTATE,
        BRIGHTNESS,
        CONTRAST,
        SATURATION,
        value(
            "hold_out",
            "The share of the training images of each class that is held out for `from held_out`: none unless given.",
        ),
        value("classes", "How many classes the model tells apart; a data set may have fewer, not more."),
        HUE,
    ]),
    doc: "How images and masks reach the model, and how training images are changed at random.",
};

const SOURCE: Row = Row {
    word: "source",
    names: Names::New,
    holds: Holds::Settings(&[
        SIZE, MEAN, STD, FILTER, STRETCH, SHORTER, FLIP, ROTATE, BRIGHTNESS, CONTRAST, SATURATION, HUE,
    ]),
    doc: "Other images, such as textures, of which objectives that take its name get one at random for each training image.",
};

const SIZE: Known =
    value("size", "The size of the images that the model sees: a side in pixels, or `[height, width]`. Must be given.");
const MEAN: Known = value("mean", "What is subtracted from red, green and blue, which lie in 0..1; 0 unless given.");
const STD: Known = value("std", "What red, green and blue are divided by after that; 1 unless given.");
const FILTER: Known = words("filter", "How images are resampled: `bilinear` (unless given), `bicubic` or `nearest`.");
const STRETCH: Known = value("stretch", "The size to which images are stretched before the centre of `size` is taken.");
const SHORTER: Known =
    value("shorter", "The length of the shorter side, at the same ratio, before the centre of `size` is taken.");
const FLIP: Known = words("flip", "Flips training images at random: `horizontal`, `vertical`, `both` or `none`.");
const ROTATE: Known =
    value("rotate", "Turns training images at random, by up to so many degrees either way, from 0 to 180.");
const BRIGHTNESS: Known =
    value("brightness", "Changes the brightness of training images at random, by up to this share, from 0 to 1.");
const CONTRAST: Known =
    value("contrast", "Changes the contrast of training images at random, by up to this share, from 0 to 1.");
const SATURATION: Known =
    value("saturation", "Changes the saturation of training images at random, by up to this share, from 0 to 1.");
const HUE: Known =
    value("hue", "Turns the hue of training images at random, by up to this share of the circle, from 0 to 0.5.");

const MEASURE: Row = Row {
    word: "measure",
    names: Names::Nothing,
    holds: Holds::Settings(&[
        words("protocol", "The protocol by whose rules a run is measured; `exact` unless given."),
        words("metrics", "The metrics that are shown, in this order, as in `[image_auroc, pixel_ap, pro]`."),
        words(
            "score",
            "How an image is scored, instead of as the protocol says: `model`, `max`, `pool(8, 8)`, `top(100)` or `top(1%)`.",
        ),
        value("pro_limit", "The false-positive rate up to which PRO is integrated; 0.3 unless given."),
    ]),
    doc: "By whose rules a run is measured, and which metrics it shows.",
};

/// A setting whose value is an expression.
const fn value(name: &'static str, doc: &'static str) -> Known {
    Known { name, doc, has_own_words: false }
}

/// A setting whose value is made of words of its section.
const fn words(name: &'static str, doc: &'static str) -> Known {
    Known { name, doc, has_own_words: true }
}
