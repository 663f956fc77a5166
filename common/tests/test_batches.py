import pytest

from common.batches import in_batches


@pytest.mark.parametrize(
    ("batches", "done", "calls"),
    [
        pytest.param([10, 10, 3, 10], 23, 3, id="until-one-is-short"),
        pytest.param([0], 0, 1, id="nothing-due"),
        pytest.param([10, 0], 10, 2, id="exactly-one"),
    ],
)
def test_as_many_batches_as_there_is_work(batches: list[int], done: int, calls: int) -> None:
    left = iter(batches)
    made = []

    def one() -> int:
        made.append(next(left))
        return made[-1]

    assert in_batches(one, size=10) == done
    assert len(made) == calls


def test_a_run_has_an_end() -> None:
    assert in_batches(lambda: 10, size=10, seconds=0) == 10
