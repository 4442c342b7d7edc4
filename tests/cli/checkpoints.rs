//! Checkpoints of other programs, as a user meets them: what is found, what is asked, what is warned of.

use std::collections::BTreeMap;
use std::path::Path;

use diadc::execute::HostTensor;
use diadc::weight::{File, write};

use super::harness::Bench;

/// The network of the fixtures, in a part that is only scored.
const NET: &str = "\
block Net() { fn (x) { x |> conv(3, out: 4) @ \"conv\" |> batch_norm @ \"bn\" |> relu } }

model W {
    data { size = 16 }
    part net = Net()
    score(image) {
        let map = mean(net(image), axis: 1, keep: true)
        { map: map, value: max(map, axis: [1, 2, 3]) }
    }
}
";

/// A part that is trained to be like another, which nothing trains.
const TWO: &str = "\
block Net() { fn (x) { x |> conv(3, out: 3) @ \"conv\" } }

model Two {
    data { size = 16 }
    part psi = Net()
    part net = Net()
    objective learning(image) trains net { mse(net(image), psi(image)) }
    training learning { optimizer = adamw(lr: 1e-3)  batch = 2  steps = 1 }
    score(image) {
        let map = mean(abs(net(image) - psi(image)), axis: 1, keep: true)
        { map: map, value: max(map, axis: [1, 2, 3]) }
    }
}
";

fn fixture(name: &str) -> String {
    let path = Path::new("tests/weight/fixtures").join(name);
    path.canonicalize().expect("it lies there").display().to_string()
}

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("wt.diad", NET.as_bytes());
    bench.write("two.diad", TWO.as_bytes());
    bench
}

#[track_caller]
fn says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "`{word}` is not said:\n{text}");
    }
}

#[test]
fn a_network_beside_other_things_is_read_and_they_are_listed() {
    let bench = bench();
    let check = |name: &str| bench.run(&["weights", "check", "wt.diad", &fixture(name)]);
    let text = check("others-beside.pth").success().stdout();
    says(&text, &["names as they are, of `state_dict`", "6 matched", "10 set aside", "center: a tensor [3]"]);
    says(&text, &["net.bn.num_batches_tracked  number of batches seen"]);
    for name in ["parts", "deep", "averaged", "only-averaged", "list", "prefix", "twice"] {
        check(&format!("others-{name}.pth")).success();
    }
    let ended = bench.run(&[
        "call",
        "wt.diad",
        "net(random_uniform(shape: [1, 3, 8, 8]))",
        "--weights",
        &fixture("others-beside.pth"),
    ]);
    says(&ended.stderr(), &["6 weights, 10 set aside (`net.bn.num_batches_tracked`, `center`, `memory_bank`, ..)"]);
}

#[test]
fn within_chooses_one_of_several_networks_in_every_command() {
    let bench = bench();
    let teacher = fixture("others-teacher.pth");
    let check = ["weights", "check", "wt.diad", &teacher];
    let both = ["2 networks that fit equally well", "`student` (7 tensors), `teacher` (7 tensors)", "--within"];
    bench.run(&check).fails(1, &both);
    bench.run(&[&check[..], &["--within", "teacher"]].concat()).success();
    bench.run(&[&check[..], &["--within", "techer"]].concat()).fails(1, &["no one dict `techer`; it has `student`"]);
    bench.picture("a.png", 16, 100);
    let predict = ["predict", "wt.diad", "--images", "a.png", "--out", "maps", "--weights", &teacher];
    bench.run(&predict).fails(1, &both);
    bench.run(&[&predict[..], &["--within", "student"]].concat()).success();
    let init = ["weights", "init", "wt.diad", "--out", "w.safetensors"];
    let from = format!("net={}", fixture("others-two.pth"));
    bench.run(&[&init[..], &["--from", &from]].concat()).fails(1, &["`bn` (7 tensors), `decoder` (7 tensors)"]);
    bench.run(&[&init[..], &["--from", &from, "--within", "net=decoder"]].concat()).success();
    let file = File::open(&bench.path("w.safetensors")).expect("it was written");
    assert_eq!(file.read("net.conv.bias").expect("it is there").as_floats(), Some(&[2.0; 4][..]));
    bench.run(&[&init[..], &["--from", &from, "--within", "decoder"]].concat()).fails(2, &["`--within decoder`"]);
    bench.run(&["train", "two.diad", "--within", "net"]).fails(2, &["--weights"]);
}

#[test]
fn several_networks_are_shown_and_converted_together_or_one_by_one() {
    let bench = bench();
    let two = fixture("others-two.pth");
    says(&bench.run(&["weights", "inspect", &two]).success().stdout(), &["14 tensors", "bn.conv.weight"]);
    let text = bench.run(&["weights", "inspect", &two, "--within", "decoder"]).success().stdout();
    says(&text, &["7 tensors", "names within `decoder`", "beside the weights", "bn  "]);
    bench.run(&["weights", "convert", &two, "all.safetensors"]).success();
    bench.run(&["weights", "convert", &two, "one.safetensors", "--within", "bn"]).success();
    let names = |name: &str| File::open(&bench.path(name)).expect("it was written").found().len();
    assert_eq!([names("all.safetensors"), names("one.safetensors")], [14, 7]);
}

#[test]
fn weights_that_no_sound_training_gives_are_warned_of_wherever_they_are_read() {
    let bench = bench();
    let below = |name: &str, value: f32| {
        let found: [(&str, &[usize]); 6] = [
            ("net.conv.weight", &[4, 3, 3, 3]),
            ("net.conv.bias", &[4]),
            ("net.bn.weight", &[4]),
            ("net.bn.bias", &[4]),
            ("net.bn.running_mean", &[4]),
            ("net.bn.running_var", &[4]),
        ];
        let made: Vec<HostTensor> = found
            .iter()
            .map(|(own, shape)| {
                let mut values = vec![1.0; shape.iter().product()];
                values[0] = if *own == name { value } else { 1.0 };
                HostTensor::floats(shape, values)
            })
            .collect();
        let named: Vec<(&str, &HostTensor)> = found.iter().zip(&made).map(|((own, _), made)| (*own, made)).collect();
        write(&bench.path("w.safetensors"), &named, &BTreeMap::new()).expect("it can be written");
    };
    bench.picture("a.png", 16, 100);
    for (name, value, words) in [
        ("net.bn.running_var", -0.5, "`w.safetensors` holds variances below zero, in `net.bn.running_var`"),
        ("net.conv.bias", f32::NAN, "`w.safetensors` holds numbers that are not finite, in `net.conv.bias`"),
        ("net.bn.weight", f32::INFINITY, "`w.safetensors` holds numbers that are not finite, in `net.bn.weight`"),
    ] {
        below(name, value);
        for command in [
            &["predict", "wt.diad", "--images", "a.png", "--out", "maps", "--weights", "w.safetensors"][..],
            &["eval", "wt.diad", "--classes", "tile", "--weights", "w.safetensors"],
            &["call", "wt.diad", "net(random_uniform(shape: [1, 3, 8, 8]))", "--weights", "w.safetensors"],
            &["weights", "init", "wt.diad", "--from", "w.safetensors", "--out", "all.safetensors"],
        ] {
            let ended = bench.run(command);
            says(&ended.stderr(), &["warning: ", words]);
        }
    }
    below("net.bn.bias", -0.5);
    let ended =
        bench.run(&["call", "wt.diad", "net(random_uniform(shape: [1, 3, 8, 8]))", "--weights", "w.safetensors"]);
    assert!(!ended.stderr().contains("below zero"), "{}", ended.stderr());
}

#[test]
fn training_on_random_weights_that_nothing_trains_is_warned_of_before_it_starts() {
    let bench = bench();
    let train = |more: &[&str]| bench.run(&[&["train", "two.diad", "--classes", "tile"], more].concat()).success();
    let text = train(&["--out", "a"]).stderr();
    says(&text, &["warning[first-values]: `learning` and `score` read 84 random parameters of `psi`", "two.diad:5"]);
    says(&text, &["--weights", "--from psi=FILE"]);
    let warned = text.find("first-values").expect("it is said");
    assert!(warned < text.find("run directory").expect("it is said"), "{text}");
    assert!(!text.contains("of `net`"), "what is trained is no matter: {text}");
    let psi = HostTensor::floats(&[3, 3, 3, 3], vec![0.5; 81]);
    let bias = HostTensor::floats(&[3], vec![0.5; 3]);
    write(&bench.path("psi.safetensors"), &[("conv.weight", &psi), ("conv.bias", &bias)], &BTreeMap::new())
        .expect("it can be written");
    let init = ["weights", "init", "two.diad", "--from", "psi=psi.safetensors", "--out", "start.safetensors"];
    bench.run(&init).success();
    let text = train(&["--out", "b", "--weights", "start.safetensors"]).stderr();
    assert!(!text.contains("first-values"), "{text}");
    let allowed = TWO.replace("part psi", "allow first-values \"distillation of a random network\"\n    part psi");
    bench.write("two.diad", allowed.as_bytes());
    assert!(!train(&["--out", "c"]).stderr().contains("first-values"));
    says(&bench.run(&["explain", "first-values"]).success().stdout(), &["--weights"]);
}
