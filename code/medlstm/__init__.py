"""The code behind the book: an LSTM in NumPy, its twin in Keras, and what it takes to judge them."""
