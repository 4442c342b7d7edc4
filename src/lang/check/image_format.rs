//! `data { .. }`: size, ratio and resampling of images, their normalisation, which mask values count, and augmentation.

use std::ops::RangeInclusive;

use diadc_core::span::Span;

use crate::diagnostic::{Code, Diagnostic, one_of};
use crate::parse::ast::Setting;
use crate::parse::section::Section;
use crate::program::{Augmentation, Filter, Fit, ImageFormat, MaskRule};

use super::value::{InstanceId, Value};
use super::{Checker, error};

const FILTERS: &[(&str, Filter)] =
    &[("bilinear", Filter::Bilinear), ("bicubic", Filter::Bicubic), ("nearest", Filter::Nearest)];
const MASKS: &[(&str, MaskRule)] = &[("above_zero", MaskRule::AboveZero), ("above_half", MaskRule::AboveHalf)];
/// Names of flips: left with right, top with bottom.
const FLIPS: &[(&str, (bool, bool))] =
    &[("none", (false, false)), ("horizontal", (true, false)), ("vertical", (false, true)), ("both", (true, true))];
/// The longest side of an image.
const LONGEST: i64 = 16_384;

/// How images are brought to size, as far as it has been said, and where.
#[derive(Default)]
struct Fits {
    stretch: Option<((usize, usize), Span)>,
    shorter: Option<(usize, Span)>,
}

impl Checker<'_> {
    /// What the settings of `data` say; none if the model has none, or one is wrong.
    pub(super) fn image_format(&mut self, model: InstanceId) -> Option<ImageFormat> {
        let spec = self.spec;
        let (module, def) = spec.block(self.instances[model.0].block).section(Section::Data)?;
        let scope = self.scope(None, "data", None);
        let mut env = self.environment_of(model, module, scope);
        let mut format = ImageFormat::plain(0, 0);
        let mut fits = Fits::default();
        let mut fine = true;
        for setting in def.settings() {
            let value = self.expr(&mut env, &setting.value);
            fine &= self.data_setting(setting, &value, &mut format, &mut fits);
        }
        if !fine {
            return None;
        }
        if format.height == 0 {
            self.missing_setting("`size`", "data", def.place(), "size = 256");
            return None;
        }
        format.fit = self.fit(&format, &fits)?;
        Some(format)
    }

    fn data_setting(&mut self, setting: &Setting, value: &Value, format: &mut ImageFormat, fits: &mut Fits) -> bool {
        let Augmentation { rotate, brightness, contrast, saturation, hue, .. } = &mut format.augmentation;
        match &*setting.name.node {
            "size" => match self.size_setting(setting, value) {
                Some((height, width)) => {
                    (format.height, format.width) = (height, width);
                    true
                }
                None => false,
            },
            "mean" => self.channels_setting(setting, value, &mut format.mean),
            "std" => {
                self.channels_setting(setting, value, &mut format.std)
                    && (format.std.iter().all(|&x| x > 0.0)
                        || self.refuse_setting(setting, value, "three numbers above 0"))
            }
            "stretch" => match self.size_setting(setting, value) {
                Some(size) => {
                    fits.stretch = Some((size, setting.name.span));
                    true
                }
                None => false,
            },
            "shorter" => match side(value) {
                Some(length) => {
                    fits.shorter = Some((length, setting.name.span));
                    true
                }
                None => self.refuse_setting(setting, value, "a length in pixels, from 1 to 16384"),
            },
            "filter" => self.word_setting(setting, value, FILTERS, &mut format.filter),
            "mask" => {
                let mut rule = MaskRule::AboveZero;
                let fine = self.word_setting(setting, value, MASKS, &mut rule);
                format.mask = Some(rule);
                fine
            }
            "flip" => {
                let mut flip = (false, false);
                let fine = self.word_setting(setting, value, FLIPS, &mut flip);
                (format.augmentation.flip_horizontal, format.augmentation.flip_vertical) = flip;
                fine
            }
            "rotate" => self.range_setting(setting, value, 0.0..=180.0, rotate),
            "brightness" => self.range_setting(setting, value, 0.0..=1.0, brightness),
            "contrast" => self.range_setting(setting, value, 0.0..=1.0, contrast),
            "saturation" => self.range_setting(setting, value, 0.0..=1.0, saturation),
            "hue" => self.range_setting(setting, value, 0.0..=0.5, hue),
            _ => self.unknown_setting(setting, Section::Data),
        }
    }

    /// How images are brought to size, when all settings are known.
    fn fit(&mut self, format: &ImageFormat, fits: &Fits) -> Option<Fit> {
        let (fit, (height, width), span) = match (fits.stretch, fits.shorter) {
            (None, None) => return Some(Fit::Exact),
            (Some((size, span)), None) => (Fit::Stretched(size.0, size.1), size, span),
            (None, Some((length, span))) => (Fit::Shorter(length), (length, length), span),
            (Some((_, first)), Some((_, second))) => {
                let text = "`data` says `stretch` or `shorter`, not both";
                self.report(Diagnostic::new(Code::StretchAndShorter, text, second).also(first, "and here"));
                return None;
            }
        };
        if height >= format.height && width >= format.width {
            return Some(fit);
        }
        let (wanted, found) = (shown(format.height, format.width), shown(height, width));
        let text = format!("images of {found} have no centre of {wanted}");
        let diagnostic = Diagnostic::new(Code::CropTooLarge, text, span);
        self.report(
            diagnostic.help("the centre of `size` is taken of what this leaves: make it larger, or `size` smaller"),
        );
        None
    }

    fn size_setting(&mut self, setting: &Setting, value: &Value) -> Option<(usize, usize)> {
        let size = match value.elements().as_deref() {
            Some([height, width]) => side(height).zip(side(width)),
            Some(_) => None,
            None => side(value).map(|length| (length, length)),
        };
        if size.is_none() {
            self.refuse_setting(setting, value, "a size in pixels, or `[height, width]`");
        }
        size
    }

    fn channels_setting(&mut self, setting: &Setting, value: &Value, into: &mut [f32; 3]) -> bool {
        let numbers: Option<Vec<f64>> = value.elements().and_then(|items| items.iter().map(Value::number).collect());
        match numbers.as_deref() {
            Some([r, g, b]) => {
                *into = [*r as f32, *g as f32, *b as f32];
                true
            }
            _ => self.refuse_setting(setting, value, "three numbers, for red, green and blue"),
        }
    }

    fn range_setting(&mut self, setting: &Setting, value: &Value, range: RangeInclusive<f64>, into: &mut f32) -> bool {
        match value.number().filter(|number| range.contains(number)) {
            Some(number) => {
                *into = number as f32;
                true
            }
            None => {
                let wanted = format!("a number from {} to {}", range.start(), range.end());
                self.refuse_setting(setting, value, &wanted)
            }
        }
    }

    /// A string that is one of a few words.
    fn word_setting<T: Copy>(&mut self, setting: &Setting, value: &Value, words: &[(&str, T)], into: &mut T) -> bool {
        let names = || words.iter().map(|(word, _)| *word);
        let Value::Str(text) = value else {
            let list: Vec<String> = names().map(|name| format!("\"{name}\"")).collect();
            return self.refuse_setting(setting, value, &format!("one of the strings {}", list.join(", ")));
        };
        match words.iter().find(|(word, _)| **word == **text) {
            Some((_, meant)) => {
                *into = *meant;
                true
            }
            None => {
                let diagnostic = error::unknown_word(&setting.name.node, text, setting.value.span);
                self.report(diagnostic.help_if(one_of(text, names())));
                false
            }
        }
    }
}

fn side(value: &Value) -> Option<usize> {
    match value {
        Value::Int(n) if (1..=LONGEST).contains(n) => usize::try_from(*n).ok(),
        _ => None,
    }
}

fn shown(height: usize, width: usize) -> String {
    format!("{width}x{height} pixels")
}
