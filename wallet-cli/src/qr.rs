//! QR codes: drawn in a terminal, read from a picture.

use crate::failure::{Exit, Failure, Outcome};
use qrcode::render::unicode::Dense1x2;
use qrcode::{Color, EcLevel, QrCode};
use std::io::{BufRead, Seek};

/// Most pixels of a picture that is read: a phone's screenshot is an eighth of it.
const PIXELS_MAX: usize = 64 << 20;

/// The quiet zone around a code, in modules (ISO/IEC 18004).
const QUIET_MODULES: usize = 4;

/// How many pixels of a picture a module has on each side: sharp on paper and on a screen.
const MODULE_PIXELS: usize = 8;

/// Returns `text` as a QR code of half-block characters, level M, with its quiet zone.
///
/// Light modules are drawn as ink, because most terminals are dark.
///
/// # Errors
/// When the text is too long for a code.
pub fn draw(text: &str) -> Outcome<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M)
        .map_err(|error| Failure::text(Exit::Failed, "qr_too_long", error))?;
    let dark_terminal = (Dense1x2::Light, Dense1x2::Dark);
    Ok(code
        .render::<Dense1x2>()
        .quiet_zone(true)
        .dark_color(dark_terminal.0)
        .light_color(dark_terminal.1)
        .build())
}

/// Returns `text` as a PNG picture of its QR code, level M, with its quiet zone.
///
/// # Errors
/// When the text is too long for a code.
pub fn write_png(text: &str) -> Outcome<Vec<u8>> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M)
        .map_err(|error| Failure::text(Exit::Failed, "qr_too_long", error))?;
    let modules = code.width() + 2 * QUIET_MODULES;
    let side = modules * MODULE_PIXELS;
    let is_dark = |row: usize, column: usize| {
        let inside = |at: usize| at.checked_sub(QUIET_MODULES).filter(|at| *at < code.width());
        matches!((inside(row), inside(column)), (Some(y), Some(x)) if code[(x, y)] == Color::Dark)
    };
    let at = |pixel: usize| pixel / MODULE_PIXELS;
    let pixel = |n: usize| if is_dark(at(n / side), at(n % side)) { 0 } else { 255 };
    let pixels: Vec<u8> = (0..side * side).map(pixel).collect();
    let mut bytes = Vec::new();
    let width = u32::try_from(side).expect("a code has at most 177 modules");
    let mut encoder = png::Encoder::new(&mut bytes, width, width);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels));
    written.map_err(|error| Failure::text(Exit::Failed, "cannot_write", error))?;
    Ok(bytes)
}

/// Returns the text of the QR code in a PNG picture.
///
/// # Errors
/// When it is no PNG, too large, or no code or more than one is found in it.
pub fn read_png(png: impl BufRead + Seek) -> Outcome<String> {
    let not_png = |error: png::DecodingError| Failure::text(Exit::Usage, "not_a_picture", error);
    let mut decoder = png::Decoder::new_with_limits(png, png::Limits { bytes: PIXELS_MAX });
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(not_png)?;
    let size = reader.output_buffer_size().filter(|size| *size <= PIXELS_MAX);
    let size = size.ok_or_else(|| Failure::new(Exit::Usage, "picture_too_large"))?;
    let mut pixels = vec![0; size];
    let frame = reader.next_frame(&mut pixels).map_err(not_png)?;
    let samples = frame.color_type.samples();
    let (width, height) = (frame.width as usize, frame.height as usize);
    let grey = |x: usize, y: usize| {
        let pixel = &pixels[(y * width + x) * samples..][..samples];
        let sum = |colours: &[u8]| colours.iter().map(|c| u32::from(*c)).sum::<u32>() / colours.len() as u32;
        let (light, alpha) = match pixel {
            [grey, alpha] => (u32::from(*grey), u32::from(*alpha)),
            [r, g, b, alpha] => (sum(&[*r, *g, *b]), u32::from(*alpha)),
            colours => (sum(colours), 255),
        };
        // What is transparent shows the white of the page behind it.
        ((light * alpha + 255 * (255 - alpha)) / 255) as u8
    };
    decode(width, height, grey)
}

fn decode(width: usize, height: usize, grey: impl FnMut(usize, usize) -> u8) -> Outcome<String> {
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, grey);
    let mut found: Vec<String> =
        image.detect_grids().iter().filter_map(|grid| grid.decode().ok()).map(|(_, text)| text).collect();
    found.sort();
    found.dedup();
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(Failure::new(Exit::Usage, "no_code_in_picture")),
        count => Err(Failure::new(Exit::Usage, "many_codes_in_picture").with("count", count)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Turns the half blocks back into pixels, eight to a module, as a dark terminal shows them.
    fn photograph(drawn: &str) -> (usize, usize, Vec<u8>) {
        const MODULE: usize = 8;
        let rows: Vec<Vec<(bool, bool)>> = drawn
            .lines()
            .map(|line| {
                let ink = |c| match c {
                    '\u{2588}' => (true, true),
                    '\u{2580}' => (true, false),
                    '\u{2584}' => (false, true),
                    _ => (false, false),
                };
                line.chars().map(ink).collect()
            })
            .collect();
        let (width, height) = (rows[0].len() * MODULE, rows.len() * 2 * MODULE);
        let mut pixels = vec![0; width * height];
        for y in 0..height {
            for x in 0..width {
                let (upper, lower) = rows[y / (2 * MODULE)][x / MODULE];
                let lit = if (y / MODULE).is_multiple_of(2) { upper } else { lower };
                pixels[y * width + x] = if lit { 255 } else { 0 };
            }
        }
        (width, height, pixels)
    }

    fn png_of(width: usize, height: usize, pixels: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.write_header().unwrap().write_image_data(pixels).unwrap();
        bytes
    }

    #[test]
    fn what_the_terminal_shows_a_camera_reads() {
        for link in [
            "https://klaver.example/p/aaaaaaaaaaaaaaaaaaaaaaaaaa",
            "http://localhost:8080/i/ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        ] {
            let (width, height, pixels) = photograph(&draw(link).unwrap());
            let png = png_of(width, height, &pixels);
            assert_eq!(read_png(std::io::Cursor::new(png)).unwrap(), link);
            assert_eq!(read_png(std::io::Cursor::new(write_png(link).unwrap())).unwrap(), link);
        }
    }

    #[test]
    fn a_picture_without_code_and_a_file_that_is_no_picture_say_so() {
        let empty = png_of(64, 64, &[255; 64 * 64]);
        assert_eq!(read_png(std::io::Cursor::new(empty)).unwrap_err().code, "no_code_in_picture");
        assert_eq!(read_png(std::io::Cursor::new(b"no picture")).unwrap_err().code, "not_a_picture");
    }
}
