//! The metrics file.

use diadc::report::json;

#[test]
fn the_metrics_file_identifies_the_run_and_keeps_its_order() {
    let mut report = super::report();
    report.protocol = vec!["In words.".to_owned()];
    insta::assert_snapshot!(json(&report), @r#"
    {
      "format": 1,
      "spec": "mini",
      "model": "mini",
      "dataset": "toy",
      "seed": 7,
      "device": "cpu",
      "parameters": {
        "size": "64",
        "a": "1"
      },
      "facts": {
        "spec sha256": "9f86d081"
      },
      "protocol": [
        "In words."
      ],
      "evaluation": {
        "protocol": "exact",
        "classes": [
          {
            "class": "metal_nut",
            "images": {
              "good": 22,
              "anomalous": 93
            },
            "image_auroc": 0.9876,
            "image_ap": 1.0,
            "pixel_auroc": 0.95,
            "pixel_ap": 0.4321
          },
          {
            "class": "pill",
            "images": {
              "good": 0,
              "anomalous": 7
            },
            "image_auroc": {
              "undefined": "class `pill` has no good test images"
            },
            "image_ap": {
              "undefined": "class `pill` has no good test images"
            },
            "pixel_auroc": 0.75,
            "pixel_ap": 0.5
          }
        ],
        "mean": {
          "image_auroc": {
            "value": 0.9876,
            "classes": 1
          },
          "image_ap": {
            "value": 1.0,
            "classes": 1
          },
          "pixel_auroc": {
            "value": 0.85,
            "classes": 2
          },
          "pixel_ap": {
            "value": 0.46605,
            "classes": 2
          }
        }
      }
    }
    "#);
}

#[test]
fn times_paths_losses_and_pictures_do_not_reach_the_metrics_file() {
    let report = super::report();
    let mut other = report.clone();
    "elsewhere/mini.diad".clone_into(&mut other.spec_path);
    other.timings = vec![("train".to_owned(), 1.0)];
    other.losses.clear();
    other.examples.clear();
    assert_eq!(json(&report), json(&other));
}

#[test]
fn a_number_is_written_in_full() {
    let mut report = super::report();
    let value = 1.0 / 3.0 + f64::EPSILON;
    report.evaluation.classes[0].pixel_ap = diadc::evaluate::metric::MetricValue::Value(value);
    assert!(json(&report).contains(&format!("\"pixel_ap\": {value}")), "{value}");
}
