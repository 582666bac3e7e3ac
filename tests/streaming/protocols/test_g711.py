"""G.711 against libsndfile, an implementation by somebody else."""

import io

import numpy as np
import pytest
import soundfile

from streaming.protocols.g711 import (
    decode_alaw,
    decode_ulaw,
    encode_alaw,
    encode_ulaw,
)

EVERY_SAMPLE = np.arange(65_536, dtype=np.uint16).view(np.int16)
EVERY_CODE = bytes(range(256))

LAWS = {
    "ULAW": (encode_ulaw, decode_ulaw),
    "ALAW": (encode_alaw, decode_alaw),
}


def theirs_encode(samples, law):
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, 8_000, format="RAW", subtype=law)
    return buffer.getvalue()


def theirs_decode(codes, law):
    samples, _ = soundfile.read(
        io.BytesIO(codes),
        format="RAW",
        subtype=law,
        channels=1,
        samplerate=8_000,
        dtype="int16",
    )
    return samples


@pytest.mark.parametrize("law", LAWS)
def test_every_code_is_the_sample_that_it_is_to_others(law):
    _, decode = LAWS[law]
    assert decode(EVERY_CODE).tolist() == theirs_decode(EVERY_CODE, law).tolist()


@pytest.mark.parametrize("law", LAWS)
def test_every_sample_becomes_a_code_at_least_as_near_as_with_others(law):
    encode, decode = LAWS[law]
    ours = decode(encode(EVERY_SAMPLE)).astype(int)
    others = decode(theirs_encode(EVERY_SAMPLE, law)).astype(int)
    error = np.abs(ours - EVERY_SAMPLE)
    assert np.mean(error) <= np.mean(np.abs(others - EVERY_SAMPLE)) + 0.01
    # A step of the law at a sample's loudness; the loudest are clipped.
    step = np.maximum(np.abs(EVERY_SAMPLE.astype(int)) / 16, 16)
    assert (error <= step).all()


@pytest.mark.parametrize("law", LAWS)
def test_every_code_survives_decoding_and_encoding(law):
    encode, decode = LAWS[law]
    samples = decode(EVERY_CODE)
    assert decode(encode(samples)).tolist() == samples.tolist()
