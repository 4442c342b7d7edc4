//! `data { .. }`: size, ratio and resampling of images, their normalisation, which mask values count, and augmentation.

use std::ops::RangeInclusive;
use std::sync::Arc;

use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::ast::{ExprKind, SectionDef, Setting};
use crate::parse::section::Section;
use crate::program::{Filter, ImageFormat, MaskRule, Sizing};
use crate::resolve::builtin::Builtin;
use crate::resolve::spec::ModuleId;

use super::LARGEST_BATCH;
use crate::check::report::Outcome;
use crate::check::value::Value;
use crate::check::{Expander, error};

const FILTERS: &[(&str, Filter)] =
    &[("bilinear", Filter::Bilinear), ("bicubic", Filter::Bicubic), ("nearest", Filter::Nearest)];
const MASKS: &[(&str, MaskRule)] = &[("above_zero", MaskRule::AboveZero), ("above_half", MaskRule::AboveHalf)];
/// Names of flips: whether left and right are swapped, and whether top and bottom are.
const FLIPS: &[(&str, (bool, bool))] =
    &[("none", (false, false)), ("horizontal", (true, false)), ("vertical", (false, true)), ("both", (true, true))];
/// The longest side of an image.
const LONGEST: i64 = 16_384;

/// The settings that say how images are brought to size, and where they are written.
#[derive(Default)]
struct Fits {
    stretch: Option<((usize, usize), Span)>,
    shorter: Option<(usize, Span)>,
}

impl Expander<'_> {
    /// The settings of `data`; `None` if the model has no `data`.
    pub(crate) fn image_format(&mut self) -> Outcome<Option<ImageFormat>> {
        let block = self.model_block();
        let Some((module, def)) = block.section(Section::Data) else { return Ok(None) };
        self.image_settings(module, def).map(Some)
    }

    /// The settings of a section that says how images reach the model.
    pub(super) fn image_settings(&mut self, module: ModuleId, def: &SectionDef) -> Outcome<ImageFormat> {
        let section = def.section;
        let mut env = self.model_environment(section.word(), module);
        let mut format = ImageFormat::plain(0, 0);
        let mut fits = Fits::default();
        let mut outcome = Ok(());
        for setting in def.settings() {
            if section.setting(&setting.name.node).is_none() {
                outcome = Err(self.unknown_setting(setting, section));
                continue;
            }
            if let Some(diagnostic) = several_words(section, setting) {
                outcome = Err(self.report(diagnostic));
                continue;
            }
            let value = match self.bare_word(setting) {
                Some(word) => Value::Str(word),
                None => self.value(&mut env, &setting.value),
            };
            outcome = outcome.and(self.data_setting(setting, &value, &mut format, &mut fits));
        }
        outcome?;
        if format.height == 0 {
            return Err(self.missing_setting("`size`", section.word(), def.place(), "size = 256"));
        }
        format.fit = self.sizing(&format, &fits)?;
        Ok(format)
    }

    fn data_setting(
        &mut self,
        setting: &Setting,
        value: &Value,
        format: &mut ImageFormat,
        fits: &mut Fits,
    ) -> Outcome<()> {
        let augmentation = &mut format.augmentation;
        match &*setting.name.node {
            "size" => (format.height, format.width) = self.size_setting(setting, value)?,
            "mean" => format.mean = self.channels_setting(setting, value)?,
            "std" => {
                let std = self.channels_setting(setting, value)?;
                if std.iter().any(|&x| x <= 0.0) {
                    return Err(self.refuse_setting(setting, value, "three numbers above 0"));
                }
                format.std = std;
            }
            "stretch" => fits.stretch = Some((self.size_setting(setting, value)?, setting.name.span)),
            "shorter" => match side(value) {
                Some(length) => fits.shorter = Some((length, setting.name.span)),
                None => return Err(self.refuse_setting(setting, value, "a length in pixels, from 1 to 16384")),
            },
            "filter" => format.filter = self.word_setting(setting, value, FILTERS)?,
            "mask" => format.mask = Some(self.word_setting(setting, value, MASKS)?),
            "flip" => {
                (augmentation.flip_horizontal, augmentation.flip_vertical) =
                    self.word_setting(setting, value, FLIPS)?;
            }
            "rotate" => augmentation.rotate = self.range_setting(setting, value, 0.0..=180.0)?,
            "brightness" => augmentation.brightness = self.range_setting(setting, value, 0.0..=1.0)?,
            "contrast" => augmentation.contrast = self.range_setting(setting, value, 0.0..=1.0)?,
            "saturation" => augmentation.saturation = self.range_setting(setting, value, 0.0..=1.0)?,
            "hold_out" => match value.number().filter(|share| (0.0..1.0).contains(share)) {
                Some(share) => format.hold_out = share,
                None => return Err(self.refuse_setting(setting, value, "a share from 0 to below 1, such as 0.2")),
            },
            "classes" => match value.int().filter(|n| (1..=LARGEST_BATCH).contains(n)) {
                Some(n) => format.classes = usize::try_from(n).ok(),
                None => return Err(self.refuse_setting(setting, value, &format!("an int from 1 to {LARGEST_BATCH}"))),
            },
            "hue" => augmentation.hue = self.range_setting(setting, value, 0.0..=0.5)?,
            _ => return Err(self.unknown_setting(setting, Section::Data)),
        }
        Ok(())
    }

    /// How images are brought to size, once all settings are known.
    fn sizing(&mut self, format: &ImageFormat, fits: &Fits) -> Outcome<Sizing> {
        let (fit, (height, width), span) = match (fits.stretch, fits.shorter) {
            (None, None) => return Ok(Sizing::Exact),
            (Some((size, span)), None) => (Sizing::Stretched(size.0, size.1), size, span),
            (None, Some((length, span))) => (Sizing::Shorter(length), (length, length), span),
            (Some((_, first)), Some((_, second))) => {
                let text = "images are brought to size by `stretch` or `shorter`, not by both";
                return Err(self.report(Diagnostic::new(Code::StretchAndShorter, text, second).also(first, "and here")));
            }
        };
        if height >= format.height && width >= format.width {
            return Ok(fit);
        }
        let (wanted, found) = (shown(format.height, format.width), shown(height, width));
        let text = format!("images of {found} have no centre of {wanted}");
        let help = "the centre of `size` is taken of what this leaves: make it larger, or `size` smaller";
        Err(self.report(Diagnostic::new(Code::CropTooLarge, text, span).help(help)))
    }

    fn size_setting(&mut self, setting: &Setting, value: &Value) -> Outcome<(usize, usize)> {
        let size = match value.elements().as_deref() {
            Some([height, width]) => side(height).zip(side(width)),
            Some(_) => None,
            None => side(value).map(|length| (length, length)),
        };
        size.ok_or_else(|| self.refuse_setting(setting, value, "a size in pixels, or `[height, width]`"))
    }

    fn channels_setting(&mut self, setting: &Setting, value: &Value) -> Outcome<[f32; 3]> {
        let numbers: Option<Vec<f64>> = value.elements().and_then(|items| items.iter().map(Value::number).collect());
        match numbers.as_deref() {
            Some([r, g, b]) => Ok([*r as f32, *g as f32, *b as f32]),
            _ => Err(self.refuse_setting(setting, value, "three numbers, for red, green and blue")),
        }
    }

    fn range_setting(&mut self, setting: &Setting, value: &Value, range: RangeInclusive<f64>) -> Outcome<f32> {
        value.number().filter(|number| range.contains(number)).map(|number| number as f32).ok_or_else(|| {
            let wanted = format!("a number from {} to {}", range.start(), range.end());
            self.refuse_setting(setting, value, &wanted)
        })
    }

    /// The word that is the value of a setting with words of its own: one of those, or a name that nothing has.
    fn bare_word(&self, setting: &Setting) -> Option<Arc<str>> {
        let name = &*setting.name.node;
        let is_word = |word: &str| match name {
            "filter" => FILTERS.iter().any(|(known, _)| *known == word),
            "mask" => MASKS.iter().any(|(known, _)| *known == word),
            "flip" => FLIPS.iter().any(|(known, _)| *known == word),
            _ => false,
        };
        if let ExprKind::Name(word) = &setting.value.kind {
            let has_own_words = Section::Data.setting(name).is_some_and(|known| known.has_own_words);
            return (is_word(word) || has_own_words && !self.is_known(word)).then(|| word.clone());
        }
        let is_none = matches!(setting.value.kind, ExprKind::None) && is_word("none");
        is_none.then(|| "none".into())
    }

    /// Whether the model, its file or the language has a name.
    fn is_known(&self, name: &str) -> bool {
        let block = self.model_block();
        let is_member = block.members.contains_key(name);
        is_member || self.spec.module(block.module).scope.contains_key(name) || Builtin::named(name).is_some()
    }

    /// The meaning of a word, or of a string that holds one.
    fn word_setting<T: Copy>(&mut self, setting: &Setting, value: &Value, words: &[(&str, T)]) -> Outcome<T> {
        let names = || words.iter().map(|(word, _)| *word);
        let Value::Str(text) = value else {
            let list: Vec<String> = names().map(|name| format!("`{name}`")).collect();
            return Err(self.refuse_setting(setting, value, &format!("one of the words {}", list.join(", "))));
        };
        match words.iter().find(|(word, _)| **word == **text) {
            Some((_, meant)) => Ok(*meant),
            None => {
                let diagnostic = error::unknown_word(&setting.name.node, text, setting.value.span);
                let is_quoted = matches!(setting.value.kind, ExprKind::String(_));
                let written = |name: &str| if is_quoted { format!("\"{name}\"") } else { name.to_owned() };
                Err(self.report(diagnostic.one_of_written(text, names(), written)))
            }
        }
    }
}

/// What is wrong if a list is given where a setting is a single word.
fn several_words(section: Section, setting: &Setting) -> Option<Diagnostic> {
    let name = &*setting.name.node;
    let ExprKind::List(items) = &setting.value.kind else { return None };
    section.setting(name).filter(|known| known.has_own_words)?;
    let is_both = name == "flip" && items.len() > 1;
    let text = format!("`{name}` is a single word, this is a list");
    let help = is_both.then(|| "write `both` for flips in both directions".to_owned());
    Some(Diagnostic::new(Code::WrongType, text, setting.value.span).help_if(help))
}

fn side(value: &Value) -> Option<usize> {
    value.int().filter(|n| (1..=LONGEST).contains(n)).and_then(|n| usize::try_from(n).ok())
}

fn shown(height: usize, width: usize) -> String {
    format!("{width}x{height} pixels")
}
