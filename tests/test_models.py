"""Which nodes of a graph are one model."""

from __future__ import annotations

from mllint.lineage.models import models
from tests.programs import linked

NETWORK = """
import pandas as pd
import torch
from sentence_transformers import SentenceTransformer
from torch import nn

news = pd.read_csv("news.csv")
vectors = SentenceTransformer("acme/encoder").encode(news["text"].tolist())

class Predictor(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(width, 8), nn.ReLU(), nn.Linear(8, 1))

    def forward(self, x):
        return self.layers(x)

network = Predictor({width})
optimiser = torch.optim.Adam(network.parameters())
rows, target = torch.tensor(vectors), torch.tensor(news["price"].values)
for epoch in range(3):
    loss = nn.MSELoss()(network(rows), target)
    loss.backward()
    optimiser.step()
torch.onnx.export(network, rows[:1], "predictor.onnx")
"""
EXPORT = """
import torch
from torch import nn
from transformers import AutoModel

class Mean(nn.Module):
    def __init__(self, name):
        super().__init__()
        self.inner = AutoModel.from_pretrained(name)

    def forward(self, ids):
        return self.inner(ids).mean()

torch.onnx.export(Mean("acme/encoder"), None, "encoder.onnx")
"""


def test_a_network_on_top_of_an_encoder_is_another_model() -> None:
    for width in ("vectors.shape[1]", "len(vectors[0])"):
        graph = linked({"train.py": NETWORK.replace("{width}", width)}).graph
        of_network = [model for model in models(graph) if "file:predictor.onnx" in model.members]
        assert [model.members for model in of_network] == [("file:predictor.onnx", "model:predictor.onnx")]
        source = "https://huggingface.co/acme/encoder"
        assert {edge.kind for edge in graph.out_edges(source)} == {"trains"}


def test_what_is_exported_of_a_published_encoder_is_that_model() -> None:
    (model,) = models(linked({"export.py": EXPORT}).graph)
    assert {"file:encoder.onnx", "https://huggingface.co/acme/encoder"} <= set(model.members)
    assert not model.outputs


LOADED = """
import pandas as pd
import torch
from torch import nn

class Net(nn.Module):
    def forward(self, x):
        return x

rows = pd.read_csv("rows.csv")
net = Net()
net.load_state_dict(torch.load("net.pt"))
pd.DataFrame({"p": net(torch.tensor(rows["km"].values))}).to_csv("scored.csv")
"""


def test_a_network_that_holds_the_weights_of_a_file_is_no_other_model() -> None:
    graph = linked({"main.py": LOADED}).graph
    assert graph.path("file:net.pt", "file:scored.csv")
    assert [id for id, node in graph.nodes.items() if node.kind == "model"] == []
