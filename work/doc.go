// Package work holds the words for what a strand asks of its world because it is
// slow: jobs (signatures, validators, batches of records) and saves (files). The
// strand keeps a ticket, the world does the work beside the loop, and the outcome
// comes back as news. Ground floor, pure.
package work
