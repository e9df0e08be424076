"""The network that marks tellings: each word piece's hidden states, read forwards and backwards, to scores of topics."""

from torch import Tensor, cat, nn

_NARROW, _READ = 192, 96


class Marker(nn.Module):
    """Hidden states `(n, length, width)` to scores `(n, length, 2 + n_labels)`: of telling nothing, of each label, and of being a first piece."""

    def __init__(self, width: int, n_labels: int, dropout: float = 0.3) -> None:
        super().__init__()
        self.narrow = nn.Sequential(
            nn.LayerNorm(width), nn.Dropout(dropout), nn.Linear(width, _NARROW), nn.GELU(), nn.Dropout(dropout)
        )
        self.read = nn.GRU(_NARROW, _READ, batch_first=True, bidirectional=True)
        self.scores = nn.Sequential(nn.Dropout(dropout), nn.Linear(_NARROW + 2 * _READ, n_labels + 2))

    def forward(self, states: Tensor) -> Tensor:
        """Returns the scores."""
        narrow = self.narrow(states)
        read, _ = self.read(narrow)
        scores: Tensor = self.scores(cat([narrow, read], -1))
        return scores
