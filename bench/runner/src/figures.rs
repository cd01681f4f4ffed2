//! Formatting of numbers.

/// Formats a number with thousands separators.
pub(crate) fn number(value: f64, digits: usize) -> String {
    let text = format!("{:.digits$}", value.abs());
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut out = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    let sign = if value < 0.0 && text.contains(|digit| ('1'..='9').contains(&digit)) { "-" } else { "" };
    format!("{sign}{out}{rest}")
}

/// Formats the ratio of two costs as a fraction (`1/4.2`) or as a multiple (`1.30x`).
pub(crate) fn part(ratio: f64, digits: usize) -> String {
    if ratio < 1.0 { format!("1/{:.digits$}", 1.0 / ratio) } else { multiple(ratio) }
}

/// Formats the ratio of two rates.
pub(crate) fn multiple(ratio: f64) -> String {
    format!("{ratio:.2}x")
}

#[cfg(test)]
mod tests {
    use super::{multiple, number, part};

    #[test]
    fn separates_thousands() {
        let check = |value, digits, expected: &str| assert_eq!(number(value, digits), expected);
        check(0.0, 0, "0");
        check(999.6, 0, "1,000");
        check(123_456.78, 1, "123,456.8");
        check(1_234_567.0, 0, "1,234,567");
        check(-1234.5, 1, "-1,234.5");
        check(-0.01, 1, "0.0");
    }

    #[test]
    fn formats_ratios_as_fractions_and_multiples() {
        assert_eq!(part(0.25, 1), "1/4.0");
        assert_eq!(part(1.0, 1), "1.00x");
        assert_eq!(part(1.284, 1), "1.28x");
        assert_eq!(multiple(0.5), "0.50x");
    }
}
