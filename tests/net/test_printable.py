from kafka_producer_exporter.net.printable import printable


def test_a_line_break_becomes_a_blank_and_an_escape_sequence_a_question_mark():
    assert printable("a\nb\x1b[31m\u202e") == "a b?[31m?"


def test_a_long_text_is_cut_off_with_an_ellipsis():
    assert printable("x" * 300) == "x" * 200 + "…"
    assert printable("x" * 300, limit=None) == "x" * 300
