//! The files beside a report: what they hold, and that it is read back.

use diadc::report::{
    Example, csv_lines, csv_rows, curves_csv, example_sheets, metrics_csv, read_curves, read_examples, read_scores,
    scores_csv, verdicts_csv,
};
use image::Rgb;

#[test]
fn fields_with_commas_quotes_and_line_breaks_are_read_back() {
    let rows = [["class", "name"], ["a,b", "say \"x\""], ["", "two\nlines"], ["metal nut", "螺丝"]];
    let text = csv_lines(rows);
    assert_eq!(text, "class,name\n\"a,b\",\"say \"\"x\"\"\"\n,\"two\nlines\"\nmetal nut,螺丝\n");
    let read = csv_rows(&text, &["class", "name"]).expect("it was just written");
    assert_eq!(read, rows[1..]);
    let error = csv_rows(&text, &["class", "score"]).expect_err("its header is another");
    assert_eq!(error, "its first line is `class,name`: expected `class,score`");
    assert!(csv_rows("class,name\nonly one\n", &["class", "name"]).is_err());
}

#[test]
fn the_numbers_of_a_page_stand_in_files() {
    let report = super::report();
    insta::assert_snapshot!(metrics_csv(&report.evaluations), @r"
    protocol,class,metric,value
    exact,metal_nut,image_auroc,0.9876
    exact,metal_nut,image_ap,1
    exact,metal_nut,pixel_auroc,0.95
    exact,metal_nut,pixel_ap,0.4321
    exact,pill,image_auroc,
    exact,pill,image_ap,
    exact,pill,pixel_auroc,0.75
    exact,pill,pixel_ap,0.5
    exact,mean,image_auroc,0.9876
    exact,mean,image_ap,1
    exact,mean,pixel_auroc,0.85
    exact,mean,pixel_ap,0.46604999999999996
    ");
    insta::assert_snapshot!(verdicts_csv(&report.verdicts), @r"
    class,threshold,true_positives,false_negatives,true_negatives,false_positives
    metal_nut,0.35,2,1,3,0
    ");
    let scores = scores_csv(&report.scores);
    assert_eq!(read_scores(&scores).expect("it was just written"), report.scores);
    assert!(read_scores(&scores.replace("0.3", "high")).is_err());
    let curves = curves_csv(report.curves().as_slice());
    assert_eq!(read_curves(&curves).expect("it was just written"), report.curves);
}

#[test]
fn examples_are_cut_from_their_sheets_as_they_were() {
    let mut examples = super::report().examples;
    let other = Example { class: "pill".to_owned(), ..super::example("test/good/000.png", None) };
    examples.push(other);
    for (number, panel) in examples.iter_mut().flat_map(|example| &mut example.panels).enumerate() {
        panel.image.pixels_mut().for_each(|pixel| *pixel = Rgb([number as u8, 7, 200]));
    }
    // A picture that is smaller than its neighbours lies in the middle of its cell.
    examples[0].panels[1].image = image::RgbImage::from_pixel(3, 5, Rgb([1, 2, 3]));
    let (sheets, index) = example_sheets(&examples);
    assert_eq!(sheets.iter().map(|(class, _)| &**class).collect::<Vec<_>>(), ["metal_nut", "pill"]);
    let find = |class: &str| sheets.iter().find(|(own, _)| own == class).map(|(_, sheet)| sheet.clone());
    let read = read_examples(&index, find).expect("it was just written");
    assert_eq!(read.len(), 3);
    for (read, made) in read.iter().zip(&examples) {
        assert_eq!(
            (&read.class, &read.id, &read.defect, read.score),
            (&made.class, &made.id, &made.defect, made.score)
        );
        for (read, made) in read.panels.iter().zip(&made.panels) {
            assert_eq!(read.label, made.label);
            assert!(read.image == made.image);
        }
    }
    // A sheet that is gone takes only its own examples with it.
    let without = |class: &str| find(class).filter(|_| class == "pill");
    assert_eq!(read_examples(&index, without).expect("the index is whole").len(), 1);
    assert!(read_examples("{}", find).is_err());
    assert!(read_examples("{\"format\": 9, \"examples\": []}", find).is_err_and(|why| why.contains('9')));
}
