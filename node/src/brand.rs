//! The community's own colours and logo: set in `node.json`, checked at a start, worn by every page.

use crate::config::{ConfigError, DataDir};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::path::Path;

/// The least contrast of letters, as WCAG 2.2 AA asks of normal text.
const CONTRAST_MIN: f64 = 4.5;
/// Most bytes of a logo: every page loads it once.
const LOGO_BYTES_MAX: usize = 64 * 1024;
/// Largest side of a logo in PNG, in pixels.
const LOGO_SIDE_MAX: u32 = 1_024;
/// What the colour stands on, and what stands on it, as `style.css` has them: page, soft ground, letters.
const LIGHT: [&str; 3] = ["#ffffff", "#eef5f0", "#ffffff"];
const DARK: [&str; 3] = ["#101613", "#1d2822", "#08170e"];

/// The settings of how the pages look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrandSettings {
    /// The colour of what matters on a light page: `#1b6e3c`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<String>,
    /// The same on a dark page; without it the light one, made lighter until it can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour_dark: Option<String>,
    /// A file in the data directory, SVG or PNG.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo: Option<String>,
}

/// How the pages look, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brand {
    /// The colour on a light page, if there is one of the community's own.
    pub colour: Option<String>,
    /// The stylesheet that stands after that of all pages.
    pub style: Option<Asset>,
    /// The logo.
    pub logo: Option<Asset>,
}

/// A file that pages load; its name holds its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Its name below `/assets/`.
    pub name: String,
    /// Its media type.
    pub media: &'static str,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Asset {
    fn new(stem: &str, ending: &str, media: &'static str, bytes: Vec<u8>) -> Self {
        let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(&bytes)[..5]);
        Self { name: format!("{stem}-{hash}.{ending}"), media, bytes }
    }
}

impl Brand {
    /// Reads and checks how the pages look.
    ///
    /// # Errors
    /// Says which setting cannot be used, and what would do.
    pub fn read(data: &DataDir, settings: &BrandSettings) -> Result<Self, ConfigError> {
        let style = colours(settings).map_err(|reason| ConfigError::Brand { reason })?;
        let logo = settings.logo.as_deref().map(|name| read_logo(data.root(), name)).transpose();
        let logo = logo.map_err(|reason| ConfigError::Brand { reason })?;
        let colour = style.is_some().then(|| settings.colour.clone()).flatten();
        Ok(Self { colour, style, logo })
    }

    /// Returns the file of this name.
    pub fn asset(&self, name: &str) -> Option<&Asset> {
        self.style.iter().chain(&self.logo).find(|asset| asset.name == name)
    }
}

fn colours(settings: &BrandSettings) -> Result<Option<Asset>, String> {
    let Some(light) = settings.colour.as_deref() else {
        return match settings.colour_dark {
            Some(_) => Err("colour_dark stands alone: give a colour for light pages too".to_owned()),
            None => Ok(None),
        };
    };
    check_contrast("colour", light, LIGHT, "darker")?;
    let dark = match settings.colour_dark.as_deref() {
        Some(dark) => {
            check_contrast("colour_dark", dark, DARK, "lighter")?;
            dark.to_owned()
        }
        None => lightened(light)?,
    };
    // Paper stays black: what is printed is read without colours.
    let style = format!(
        "@media screen{{:root{{--brand:{light}}}}}\n\
         @media screen and (prefers-color-scheme:dark){{:root{{--brand:{dark}}}}}\n"
    );
    Ok(Some(Asset::new("brand", "css", "text/css; charset=utf-8", style.into_bytes())))
}

fn check_contrast(field: &str, colour: &str, grounds: [&str; 3], try_one: &str) -> Result<(), String> {
    let own = channels(field, colour)?;
    for ground in grounds {
        let contrast = contrast(own, channels(field, ground)?);
        if contrast < CONTRAST_MIN {
            // Rounded down: 4.49 is not enough, and must not look so.
            let shown = (contrast * 100.0).floor() / 100.0;
            return Err(format!(
                "{field} {colour} has a contrast of {shown} against {ground}, at least {CONTRAST_MIN} is needed to \
                 read it: choose a {try_one} one"
            ));
        }
    }
    Ok(())
}

/// Mixes white into a colour until it can be read on a dark page.
fn lightened(colour: &str) -> Result<String, String> {
    let own = channels("colour", colour)?;
    let mixed = (0..=100_u32).map(|percent| {
        own.map(|part| {
            let part = u32::from(part);
            u8::try_from(part + (255 - part) * percent / 100).unwrap_or(u8::MAX)
        })
    });
    let shown = mixed.map(|[r, g, b]| format!("#{r:02x}{g:02x}{b:02x}"));
    let mut readable = shown.filter(|one| check_contrast("colour", one, DARK, "lighter").is_ok());
    Ok(readable.next().expect("white can be read on a dark page"))
}

fn channels(field: &str, colour: &str) -> Result<[u8; 3], String> {
    let wrong =
        || format!("{field} \"{colour}\" is no colour: write # and six hexadecimal digits, such as #1b6e3c");
    let digits = colour.strip_prefix('#').ok_or_else(wrong)?;
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).map_err(|_| wrong())?;
    <[u8; 3]>::try_from(bytes).map_err(|_| wrong())
}

/// Returns the contrast of two colours, 1 to 21 (WCAG 2.2, "contrast ratio").
fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// Returns the relative luminance of a colour in sRGB, 0 to 1.
fn luminance(colour: [u8; 3]) -> f64 {
    let [red, green, blue] = colour.map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn read_logo(root: &Path, name: &str) -> Result<Asset, String> {
    // A file of this directory and no other: settings are no way to read somebody's keys.
    let is_plain =
        name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) && !name.starts_with('.');
    if !is_plain {
        return Err(format!("logo \"{name}\" is no name of a file: put it in {} itself", root.display()));
    }
    let path = root.join(name);
    let bytes = std::fs::read(&path).map_err(|error| format!("logo {}: {error}", path.display()))?;
    if bytes.len() > LOGO_BYTES_MAX {
        let size = bytes.len();
        return Err(format!(
            "logo {name} has {size} bytes, at most {LOGO_BYTES_MAX} belong here: make it smaller"
        ));
    }
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("svg") => {
            check_svg(name, &bytes)?;
            Ok(Asset::new("logo", "svg", "image/svg+xml", bytes))
        }
        Some("png") => {
            check_png(name, &bytes)?;
            Ok(Asset::new("logo", "png", "image/png", bytes))
        }
        _ => Err(format!("logo {name} is neither .svg nor .png: save it as one of these")),
    }
}

/// A picture that draws, and does nothing else: no script, no handlers, nothing from elsewhere.
fn check_svg(name: &str, bytes: &[u8]) -> Result<(), String> {
    let text =
        std::str::from_utf8(bytes).map_err(|_| format!("logo {name} is not in UTF-8: save it again"))?;
    let small = text.to_ascii_lowercase();
    if !small.contains("<svg") {
        return Err(format!("logo {name} is no SVG picture: save it again as plain SVG"));
    }
    let refused = [
        "<script",
        "<foreignobject",
        "<iframe",
        "<embed",
        "<object",
        "<!entity",
        "<!doctype",
        "javascript:",
        "<?xml-stylesheet",
        "@import",
        "<image",
        "<animate",
        "<set",
    ];
    if let Some(found) = refused.iter().find(|one| small.contains(**one)) {
        return Err(format!("logo {name} has {found}, which does more than draw: save it as plain SVG"));
    }
    // Attributes that act: onload=, onclick=, with any space around.
    let acts = small.split(|c: char| c.is_whitespace() || "\"'/<".contains(c)).any(|word| {
        word.strip_prefix("on")
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()) && rest.contains('='))
    });
    let links = [
        "href=\"http",
        "href='http",
        "href=\"//",
        "href='//",
        "href=\"data:",
        "href='data:",
        "url(http",
        "url(//",
        "url(\"",
        "url('",
    ];
    if acts || links.iter().any(|one| small.contains(one)) {
        return Err(format!("logo {name} acts, or loads something from elsewhere: save it as plain SVG"));
    }
    Ok(())
}

fn check_png(name: &str, bytes: &[u8]) -> Result<(), String> {
    let header = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n").and_then(|rest| rest.get(..16));
    let Some(header) = header.filter(|header| &header[4..8] == b"IHDR") else {
        return Err(format!("logo {name} is no PNG picture: save it again as PNG"));
    };
    let side = |at: usize| u32::from_be_bytes(header[at..at + 4].try_into().expect("four bytes"));
    let (width, height) = (side(8), side(12));
    if LOGO_SIDE_MAX < width.max(height) {
        return Err(format!(
            "logo {name} is {width} × {height} pixels, at most {LOGO_SIDE_MAX} belong here: make it smaller"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(colour: &str, dark: Option<&str>) -> BrandSettings {
        BrandSettings { colour: Some(colour.to_owned()), colour_dark: dark.map(str::to_owned), logo: None }
    }

    #[test]
    fn a_colour_that_cannot_be_read_is_refused_with_its_contrast() {
        for (colour, dark, says) in [
            ("#ffcc00", None, "contrast of 1.5"),
            ("#7a1f5c", Some("#7a1f5c"), "choose a lighter one"),
            ("red", None, "six hexadecimal digits"),
            ("#12345", None, "six hexadecimal digits"),
            ("#12345\u{e9}", None, "six hexadecimal digits"),
        ] {
            let said = colours(&settings(colour, dark)).unwrap_err();
            assert!(said.contains(says), "{said}");
        }
        assert!((contrast([0; 3], [255; 3]) - 21.0).abs() < 1e-9);
        // Both sides of the limit on a white page.
        let on_white = |colour| contrast(channels("colour", colour).unwrap(), [255; 3]);
        assert!(CONTRAST_MIN <= on_white("#767676") && on_white("#777777") < CONTRAST_MIN);
    }

    #[test]
    fn a_colour_for_light_pages_is_made_one_for_dark_pages() {
        let style = colours(&settings("#7a1f5c", None)).unwrap().unwrap();
        let text = String::from_utf8(style.bytes).unwrap();
        let dark = text.rsplit("--brand:").next().unwrap().get(..7).unwrap();
        assert!(dark != "#7a1f5c" && check_contrast("colour", dark, DARK, "lighter").is_ok(), "{text}");
        assert_eq!(colours(&BrandSettings { colour: None, colour_dark: None, logo: None }).unwrap(), None);
    }

    #[test]
    fn a_logo_draws_and_does_nothing_else() {
        let drawn = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 9 9\"><path d=\"M0 0h9v9z\" fill=\"url(#a)\"/></svg>";
        check_svg("a.svg", drawn.as_bytes()).unwrap();
        for wrong in [
            "<svg><script>alert(1)</script></svg>",
            "<svg onload=\"alert(1)\"/>",
            "<svg\nOnClick = \"x\" onload= 'x'/>",
            "<svg><a href=\"javascript:x\"/></svg>",
            "<svg><use href=\"https://elsewhere.example/x\"/></svg>",
            "<svg><foreignObject/></svg>",
            "<!DOCTYPE svg [<!ENTITY x 'y'>]><svg/>",
            "<html/>",
        ] {
            assert!(check_svg("a.svg", wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_logo_is_a_small_file_of_the_directory() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        std::fs::write(root.join("large.svg"), vec![b' '; LOGO_BYTES_MAX + 1]).unwrap();
        std::fs::write(root.join("text.png"), "<svg/>").unwrap();
        let wide: Vec<u8> =
            [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), &1_025_u32.to_be_bytes(), &1_u32.to_be_bytes()]
                .concat();
        std::fs::write(root.join("wide.png"), wide).unwrap();
        for (name, says) in [
            ("../keys/log", "no name of a file"),
            ("gone.svg", "gone.svg"),
            ("large.svg", "at most 65536"),
            ("text.png", "no PNG picture"),
            ("wide.png", "1025 × 1 pixels"),
            ("logo.gif", "logo.gif"),
        ] {
            let said = read_logo(root, name).unwrap_err();
            assert!(said.contains(says), "{said}");
        }
    }
}
