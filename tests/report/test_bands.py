import pytest

from nas.report.bands import Band, band_of, size_bands


def test_bands_are_equal_parts_of_the_log_range_and_leave_nothing_out():
    bands = size_bands(650, 30_000)
    assert [band.low for band in bands[1:]] == [band.high for band in bands[:-1]]
    assert (bands[0].low, bands[-1].high) == (649, 30_000)
    assert len(bands) == 4
    ratios = [band.high / (band.low or 1) for band in bands]
    assert max(ratios) / min(ratios) < 1.1


@pytest.mark.parametrize("params", [650, 651, 1700, 30_000])
def test_every_size_has_one_band(params):
    bands = size_bands(650, 30_000)
    assert sum(params in band for band in bands) == 1
    assert params in band_of(params, bands)


def test_what_is_outside_has_none():
    assert band_of(649, size_bands(650, 30_000)) is None
    assert band_of(30_001, size_bands(650, 30_000)) is None


@pytest.mark.parametrize(("smallest", "budget"), [(5, 5), (1, 2), (1, 1), (999, 1000)])
def test_ranges_without_room_have_fewer_bands(smallest, budget):
    bands = size_bands(smallest, budget)
    assert 1 <= len(bands) <= 4
    assert all(band_of(n, bands) for n in range(smallest, budget + 1))


def test_labels_are_short():
    assert Band(low=649, high=12_000).label == "649 to 12.0 k"
