//! The page.

use diadc::report::{LossCurve, html};

const HOSTILE: &str = "<script>alert('&\"')</script>";
const ESCAPED: &str = "&lt;script&gt;alert(&#39;&amp;&quot;&#39;)&lt;/script&gt;";

/// The values of an attribute, wherever it occurs.
fn values<'a>(page: &'a str, attribute: &str) -> Vec<&'a str> {
    let opening = format!(" {attribute}=\"");
    page.split(&opening).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn no_text_of_the_report_is_read_as_html() {
    let mut report = super::report();
    let hostile = || HOSTILE.to_owned();
    let provenance = &mut report.provenance;
    let data = provenance.data.as_mut().expect("there is a data set");
    let spec = &mut provenance.spec;
    let shown = [&mut spec.name, &mut spec.path, &mut spec.model, &mut provenance.device, &mut provenance.date];
    for text in shown.into_iter().chain([&mut data.name, &mut data.list_sha256, &mut spec.text_sha256]) {
        *text = hostile();
    }
    provenance.params = [(hostile(), hostile())].into();
    report.timings[0].0 = hostile();
    report.losses[0].objective = hostile();
    report.evaluations[0].meaning = vec![hostile()];
    report.evaluations[0].classes[0].class = hostile();
    let undefined = diadc::evaluate::metric::MetricValue::Undefined { reason: hostile() };
    report.evaluations[0].classes[1].metrics.insert(diadc::measure::Metric::PixelAp, undefined);
    let example = &mut report.examples[0];
    for text in [&mut example.class, &mut example.id, &mut example.panels[0].label] {
        *text = hostile();
    }
    example.defect = Some(hostile());
    let mistake = &mut report.mistakes[0];
    for text in [&mut mistake.class, &mut mistake.id, &mut mistake.panels[0].label] {
        *text = hostile();
    }
    mistake.remark = Some(hostile());
    report.verdicts.origin = hostile();
    report.verdicts.classes[0].class = hostile();
    for score in &mut report.scores {
        score.class = hostile();
    }
    report.curves[0].class = hostile();
    let page = html(&report);
    assert!(!page.contains("<script>alert"));
    assert_eq!(page.matches("<script>").count(), 1, "only our own");
    // A path may be broken at its slashes, which splits the closing tag there.
    let whole = page.replace("<wbr>", "").matches(ESCAPED).count();
    assert_eq!(whole, 44, "each hostile text is shown");
}

#[test]
fn the_page_needs_nothing_beside_it() {
    let page = html(&super::report());
    for foreign in ["http:", "https:", "//www", "<link", "@import", "@font-face", "url("] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    let images = values(&page, "src");
    assert_eq!(images.len(), 12);
    assert!(images.iter().all(|image| image.starts_with("data:image/png;base64,iVBOR")));
    assert!(values(&page, "href").iter().all(|link| link.starts_with('#')));
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn tags_are_closed() {
    let page = html(&super::report());
    for tag in [
        "main",
        "section",
        "header",
        "table",
        "tr",
        "td",
        "th",
        "div",
        "dl",
        "figure",
        "figcaption",
        "svg",
        "p",
        "span",
        "details",
        "summary",
        "h3",
        "h4",
        "i",
    ] {
        let opened = page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
    }
}

#[test]
fn two_identical_reports_are_identical_pages() {
    assert_eq!(html(&super::report()), html(&super::report()));
}

#[test]
fn a_section_with_nothing_in_it_is_left_out() {
    let mut report = super::report();
    report.losses.clear();
    report.examples.clear();
    report.mistakes.clear();
    report.scores.clear();
    report.verdicts.classes.clear();
    let page = html(&report);
    for section in ["training", "examples", "mistakes", "scores", "verdicts"] {
        assert!(!page.contains(&format!("id=\"{section}\"")), "{section}");
    }
    assert!(!page.contains("<svg") && !page.contains("<img"));
}

#[test]
fn losses_of_any_kind_give_coordinates_that_are_numbers() {
    let curves: [Vec<(u64, f64)>; 8] = [
        vec![],
        vec![(0, f64::NAN), (1, f64::INFINITY)],
        vec![(5, 0.25)],
        vec![(5, 0.25), (5, 0.25)],
        (0..100).map(|step| (step, 0.0)).collect(),
        (0..100).map(|step| (step, -3.0 + step as f64)).collect(),
        (0..100).map(|step| (step, if step == 50 { f64::NAN } else { 1e-7 })).collect(),
        (0..100_000).map(|step| (step, 1e9_f64.powf((step % 7) as f64 - 3.0))).collect(),
    ];
    for points in curves {
        let mut report = super::report();
        let what = format!("{:?}", &points[..points.len().min(3)]);
        report.losses = vec![LossCurve { objective: "any".to_owned(), points }];
        let page = html(&report);
        for path in values(&page, "d").into_iter().chain(values(&page, "x")).chain(values(&page, "y")) {
            assert!(path.chars().all(|c| c.is_ascii_digit() || "MLHVhv .-".contains(c)), "{what}: {path}");
        }
    }
}

#[test]
fn a_long_curve_is_thinned_but_keeps_its_extremes() {
    let mut report = super::report();
    let mut points: Vec<(u64, f64)> = (0..200_000).map(|step| (step, 1.0)).collect();
    points[123_456].1 = 2.0;
    report.losses = vec![LossCurve { objective: "long".to_owned(), points }];
    let page = html(&report);
    let dots = page.split("class=\"dots\" d=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
    let heights: Vec<&str> = dots.split('M').filter_map(|dot| dot.split([' ', 'h']).nth(1)).collect();
    assert!((500..2500).contains(&heights.len()), "{}", heights.len());
    assert_eq!(heights.iter().filter(|height| **height != heights[0]).count(), 1);
}

#[test]
fn outliers_do_not_choose_the_scale_of_a_chart_and_are_counted() {
    let mut report = super::report();
    let mut points: Vec<(u64, f64)> =
        (0..1000).map(|step| (step, 1.0 + f64::from((step % 10) as u32) / 10.0)).collect();
    points[500].1 = 1e6;
    report.losses = vec![LossCurve { objective: "spiked".to_owned(), points }];
    let page = html(&report);
    assert!(page.contains("1 beyond the scale, drawn at its edge"), "it is said");
    let (_, chart) = page.split_once("<h3>spiked").expect("there is a chart");
    let (chart, _) = chart.split_once("</svg>").expect("it ends");
    let labels: Vec<f64> =
        chart.split("class=\"y\"").skip(1).filter_map(|rest| rest.split(['>', '<']).nth(1)?.parse().ok()).collect();
    assert!(labels.len() >= 3 && labels.iter().all(|label| *label < 3.0), "{labels:?}");
    // What all values spread over is shown in powers.
    report.losses[0].points.iter_mut().for_each(|point| point.1 = 10_f64.powf(point.0 as f64 / 250.0));
    assert!(html(&report).contains("logarithmic scale"));
}

#[test]
fn a_histogram_shows_each_image_once_and_its_numbers_in_words() {
    let page = html(&super::report());
    assert!(page.contains("histogram of the scores of 7 images of metal_nut: 4 good, 3 anomalous"));
    let bars = |class: &str| -> Vec<f64> {
        let bar = |path: &str| path.split(['V', 'H']).nth(1)?.parse().ok();
        let opening = format!("<path class=\"{class}\" d=\"");
        let paths = page.split(&opening).skip(1);
        paths.filter_map(|rest| bar(rest.split('"').next()?)).collect()
    };
    // Scores of 0 to 0.5 in steps of 0.1: seven images in six bars, good ones above the line of zero.
    let (good, anomalous) = (bars("good"), bars("anomalous"));
    assert_eq!((good.len(), anomalous.len()), (4, 3));
    assert!(good.iter().all(|top| anomalous.iter().all(|bottom| top < bottom)));
    assert!(page.contains("images: image AUROC 98.8") && page.contains("pixels: pixel AUROC 95.0"));
    assert!(page.contains("threshold 0.35"));
}

#[test]
fn charts_and_pictures_say_what_they_show() {
    let page = html(&super::report());
    let labels = values(&page, "aria-label");
    assert_eq!(labels.len(), page.matches("<svg").count());
    assert!(labels.iter().all(|label| label.len() > 20), "{labels:?}");
    assert_eq!(values(&page, "alt").len(), page.matches("<img").count());
}
