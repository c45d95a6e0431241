"""The one DynamoDB table: its keys, the store's actions and queries, and the store on DynamoDB. No business rules."""
