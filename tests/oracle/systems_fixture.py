"""Numbers of a system for the tests of its spec, thinned out: every k-th number of a tensor, with an odd k so that about
1,000 are left and all columns have their turn. `NAME#K` holds them, where K is k."""
from pathlib import Path
from safetensors.torch import save_file

HERE = Path(__file__).parent.parent / "golden" / "systems"


class Fixture:
    def __init__(self, name, made_by, prefix="", tensors=None):
        self.name, self.made_by, self.prefix = name, made_by, prefix
        self.tensors = {} if tensors is None else tensors

    def part(self, name):
        """Where the tensors of one case go: `NAME/..`."""
        return Fixture(self.name, self.made_by, f"{self.prefix}{name}/", self.tensors)

    def add(self, name, tensor):
        step = max(1, tensor.numel() // 1000) | 1
        self.tensors[f"{self.prefix}{name}#{step}"] = tensor.detach().flatten()[::step].float().contiguous()

    def write(self):
        HERE.mkdir(exist_ok=True)
        save_file(self.tensors, HERE / f"{self.name}.safetensors", {"made by": self.made_by})
