//! What a portfolio is worth, by the worked examples.
